/* questions.h - what intake answers to those who ask.
 *
 *   fact    {key, type?, province?}   key is a dossier's id or reference, or a product code → {id, product}
 *                                     type intake.dossier.accepted (when absent) or intake.product.registered
 *   product {product}                 the product, and its dossiers, the latest first
 *   dossier {key, province?}          the dossier in its latest version, and every version with its papers
 *   plans   {}                        {plans, products, budget_vnd, rows}
 *
 * ERR_NOT_FOUND (code NOT_FOUND) or ERR_INVALID (code BAD_ARGUMENT).
 */
#ifndef SERVICES_INTAKE_QUESTIONS_H
#define SERVICES_INTAKE_QUESTIONS_H

#include "common/loop.h"

extern const struct question intake_questions[];

#endif
