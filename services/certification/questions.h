/* questions.h - what certification answers to those who ask.
 *
 *   fact        {key, type?, province?}  key is a certificate's number, any code of a product (its latest
 *                                        certificate) or a dossier's reference
 *                                        -> {id, product, certificate}, the id being that of the
 *                                        certificate.issued or .recorded; with type
 *                                        certification.finding.registered that of a finding on it, an open
 *                                        one first
 *   certificate {certificate | code, day?, as_of?}
 *                                        every field, day, status, and until (its last day, while it is
 *                                        valid or valid_pending); by code: the one that speaks for the
 * product product     {product, day?, as_of?}  {product, day, status, until?, certificate, certificates}: the
 * status of the one that speaks for it, and all of them summary     {day?, as_of?}           {day, three,
 * four, five, total, pending, recorded_three, ..., certificates}: valid ones by star; pending beside them;
 * recorded ones apart; certificates are the issued ones in force
 *
 * day: YYYY-MM-DD; absent: the last day that has started. as_of: a place of the log; what came later is not
 * known. status: valid, valid_pending, expired, withdrawn, replaced, unknown.
 *
 * ERR_NOT_FOUND (code NOT_FOUND) or ERR_INVALID (code BAD_ARGUMENT).
 */
#ifndef SERVICES_CERTIFICATION_QUESTIONS_H
#define SERVICES_CERTIFICATION_QUESTIONS_H

#include "common/loop.h"

extern const struct question certification_questions[];

#endif
