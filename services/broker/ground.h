/* ground.h - what the broker stands on: one log, two sockets, the door, and the one thread that serves them.
 */
#ifndef SERVICES_BROKER_GROUND_H
#define SERVICES_BROKER_GROUND_H

#include "common/config.h"
#include "services/broker/broker.h"

#include <signal.h>

/* All that main reads from its configuration. */
struct settings {
    char endpoint[CONFIG_TEXT_MAX], live[CONFIG_TEXT_MAX], log[CONFIG_TEXT_MAX], level[CONFIG_TEXT_MAX];
    char folder[CONFIG_TEXT_MAX], secret[CONFIG_TEXT_MAX], policy[CONFIG_TEXT_MAX], metrics[CONFIG_TEXT_MAX];
    char source_key[CONFIG_TEXT_MAX];
    int64_t connections, connections_reserved, handshake_ms;
    int64_t queue_frames;
    int64_t subscriptions; /* made at the live endpoint; above, everybody has to make them anew */
    int64_t checkpoint_pages, finish_pages, flush_apart;
    struct broker_settings broker;
};

struct ground;

/* Take hold of everything. *busy: another broker serves the log. The settings are borrowed. */
enum err ground_open(const struct settings *settings, struct ground **out, bool *busy, struct why *why);
void ground_close(struct ground **g);
uint64_t ground_head(const struct ground *g); /* of the log, on disk */
/* Until *stop is set. *look is set when keys or policy may have changed, and is taken back. */
enum err ground_serve(struct ground *g, const volatile sig_atomic_t *stop, volatile sig_atomic_t *look,
                      struct why *why);

/* Copy the log of the broker at `source` into our own, and serve nobody. */
enum err ground_mirror(const struct settings *settings, const char *source, const volatile sig_atomic_t *stop,
                       bool *busy, struct why *why);

/* Two brokers on one log would give the same places twice: hold the log's lock until *out is closed. *busy
 * says that another one holds it. ERR_CONFIG: that, or the log's folder is none where it may be made. ERR_IO.
 */
enum err ground_lock(const char *log, int *out, bool *busy, struct why *why);

#endif
