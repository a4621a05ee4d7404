/* show.h - answers of the services in words for people. Pure: JSON in, JSON or text out; no sockets. */
#ifndef SERVICES_CLI_SHOW_H
#define SERVICES_CLI_SHOW_H

#include "services/cli/cli.h"

#include <jansson.h>
#include <stdio.h>

enum { SHOW_SENTENCE_MAX = 400 };

/* What a certificate is on the day that was asked for: "valid until 2029-08-05", "withdrawn on 2027-03-01,
 * ground criteria_lost: 12/QĐ-UBND", ... `day` is that of --on, or NULL. An answer with a status that is not
 * known here is told by its word. */
void show_status(const json_t *certificate, const char *day, char out[SHOW_SENTENCE_MAX]);

/* certification's answer about one certificate, or one product, as people read it: the status first, in
 * words, and then what the service said. A new reference. */
json_t *show_certificate(const json_t *answer, const char *day);

/* The same answer with points as people write them: x_hundredths 7250 becomes x "72.50"; a sum over members
 * has its mean beside it. A mean that two decimals cannot hold is cut, never rounded, and ends in "…": 69.995
 * is "69.99…" and not the 70.00 that would be another star. A new reference. */
json_t *show_points(const json_t *answer);

/* Print one service's answer: as JSON {service: answer}, or as fields and tables below its name. */
void show_answer(const struct cli *cli, const char *service, const json_t *answer);

#endif
