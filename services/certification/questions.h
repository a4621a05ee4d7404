/* questions.h - what certification answers to those who ask.
 *
 *   fact        {key, type?, province?}  key is a certificate's number, a product code (its latest
 * certificate) or a dossier's reference → {id, product, certificate}, the id being that of the
 *                                        certificate.issued
 *   certificate {certificate}            every field, and its state
 *   product     {product}                {product, certificates}
 *   summary     {day}                    {day, three, four, five, total, certificates}: those valid on that
 * day
 *
 * ERR_NOT_FOUND (code NOT_FOUND) or ERR_INVALID (code BAD_ARGUMENT).
 */
#ifndef SERVICES_CERTIFICATION_QUESTIONS_H
#define SERVICES_CERTIFICATION_QUESTIONS_H

#include "common/loop.h"

extern const struct question certification_questions[];

#endif
