/* questions.h - what scoring answers to those who ask.
 *
 *   fact    {key, type?, province?}  key is a product code, or a dossier's reference or id → {id, product} of
 * the latest scoring.product.rated product {product}                the product, its dossiers, ratings (the
 * latest first) and the sheets that count council {council}                the council, its seats with their
 * sheets, how many products are rated and pending rules   {}                       {rules: [{name, hash}]}
 *
 * ERR_NOT_FOUND (code NOT_FOUND) or ERR_INVALID (code BAD_ARGUMENT).
 */
#ifndef SERVICES_SCORING_QUESTIONS_H
#define SERVICES_SCORING_QUESTIONS_H

#include "common/loop.h"

extern const struct question scoring_questions[];

#endif
