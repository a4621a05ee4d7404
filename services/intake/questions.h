/* questions.h - what intake answers to those who ask.
 *
 *   fact    {key, type?, province?}   key is a dossier's id or reference, or a product code → {id, product}
 *                                     type intake.dossier.accepted (when absent) or intake.product.registered
 *   product {product}                 the product, every code it has or had, its dossiers, the latest first
 *   owner   {key, province?}          key is an owner's code or name: the owner and its products
 *   dossier {key, province?}          the dossier in its latest version, every version with its papers, the
 *                                     commune's report, slips, and requests with what came
 *   plans   {}                        {plans, products, budget_vnd, rows}
 *
 * A product code is any that a product has or had.
 *
 * ERR_NOT_FOUND (code NOT_FOUND) or ERR_INVALID (code BAD_ARGUMENT).
 */
#ifndef SERVICES_INTAKE_QUESTIONS_H
#define SERVICES_INTAKE_QUESTIONS_H

#include "common/loop.h"

extern const struct question intake_questions[];

#endif
