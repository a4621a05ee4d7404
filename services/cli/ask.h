/* ask.h - one question to the broker or a service, and its answer as JSON. */
#ifndef SERVICES_CLI_ASK_H
#define SERVICES_CLI_ASK_H

#include "services/cli/cli.h"

#include <jansson.h>

/* `service` "broker" asks the broker. One argument by text, or none (name NULL). Waits CLI_ASK_MS.
 * ERR_TIMEOUT, ERR_NOT_FOUND, ERR_INVALID: why has the sentence. */
enum err ask(const char *service, const char *question, const char *name, const char *value, json_t **out,
             struct why *why);
/* The same with any number of arguments: texts and whole numbers of an object. */
enum err ask_with(const char *service, const char *question, const json_t *arguments, json_t **out,
                  struct why *why);
/* A question without arguments, again and again for --wait seconds while nobody answers or the service still
 * reads the log. ERR_INTERRUPTED: Ctrl-C. */
enum err ask_long(const struct cli *cli, const char *service, const char *question, json_t **out,
                  struct why *why);
/* Wait, at most 5 s, until the service has come to `head`, so that its answer is of this moment; else say on
 * stderr by how much it is behind. Whoever may not ask for its place, and head 0, is spared. */
void ask_caught_up(const char *service, uint64_t head);
/* The head of this moment; 0, and a line on stderr, when the broker does not answer. */
uint64_t ask_head_now(void);
/* Read the log from its beginning with these prefixes and hand over each record; *head is the end to stop at,
 * 0: no end. Survives lost connections. A place in the log is named by its chain too, which only who has read
 * it knows: so one begins at the beginning. ERR_INTERRUPTED: Ctrl-C; ERR_TIMEOUT: no broker, and nothing
 * happened for --wait seconds (only with an end). */
struct record;
typedef enum err (*ask_record_fn)(void *context, const struct record *rec);
enum err ask_log(const struct cli *cli, const struct slice *prefixes, size_t count, uint64_t head,
                 ask_record_fn each, void *context, struct why *why);
enum err ask_head(uint64_t *head, struct why *why);

#endif
