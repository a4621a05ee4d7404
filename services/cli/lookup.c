#include "services/cli/lookup.h"

#include "common/client.h"
#include "common/clock.h"
#include "services/cli/print.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOKUP_PAUSE_MS = 100, LOOKUP_KEY_MAX = 256 };

struct lookup {
    json_t *answers;  /* "type ref" -> answer */
    int64_t wait_ms;  /* longest time without a new answer */
    int64_t until_ms; /* when that is over */
};

struct lookup *lookup_new(const struct cli *cli)
{
    struct lookup *l = calloc(1, sizeof *l);

    if (!l) return NULL;
    l->answers = json_object();
    l->wait_ms = (int64_t)cli->wait_s * 1000;
    l->until_ms = clock_monotonic_ms() + l->wait_ms;
    if (!l->answers) lookup_destroy(&l);
    return l;
}

void lookup_destroy(struct lookup **l)
{
    if (!*l) return;
    json_decref((*l)->answers);
    free(*l);
    *l = NULL;
}

static enum err ask_once(const char *endpoint, const char *type, struct slice ref, json_t **out,
                         struct why *why)
{
    msgpack_zone zone;
    msgpack_object answer;
    msgpack_packer p;
    struct buf question = { 0 };
    enum err e;

    if (!msgpack_zone_init(&zone, 4096)) return ERR_NOMEM;
    msgpack_packer_init(&p, &question, buf_pack_write);
    msgpack_pack_map(&p, 2);
    buf_pack_text(&p, "type");
    buf_pack_text(&p, type);
    buf_pack_text(&p, "key");
    buf_pack_str(&p, ref);
    e = question.failed;
    if (!e) e = client_ask(endpoint, "fact", buf_slice(&question), CLI_ASK_MS, &zone, &answer, why);
    if (!e) *out = json_of(&answer);
    if (!e && !*out) e = ERR_NOMEM;
    msgpack_zone_destroy(&zone);
    buf_fini(&question);
    return e;
}

static enum err still_missing(enum err e, const char *service, struct slice ref, const char *type,
                              const struct why *last, struct why *why)
{
    if (e == ERR_TIMEOUT) {
        return why_set(why, e, "TIMEOUT", "@%.*s: the service %s does not answer; is it running? (%s)",
                       SLICE_ARG(ref), service, last->sentence);
    }
    if (!strcmp(type, "scoring.product.rated")) {
        return why_set(
            why, e, last->code,
            "@%.*s: scoring knows no result of that name (%s) If its dossier was accepted, a council "
            "may hold it, for want of sheets or of the chair, or for the spread: `ocop show dossier "
            "%.*s` shows its sheets, and the closing's line why. Else push the rows it comes from "
            "first, or wait longer with --wait",
            SLICE_ARG(ref), last->sentence, SLICE_ARG(ref));
    }
    return why_set(why, e, last->code,
                   "@%.*s: %s knows no %s of that name (%s) Push the rows it comes from first, or wait "
                   "longer with --wait",
                   SLICE_ARG(ref), service, type, last->sentence);
}

/* Ask until there is an answer, the time is over or somebody stops us. */
static enum err ask_long(struct lookup *l, const char *type, struct slice ref, json_t **out, struct why *why)
{
    char endpoint[CONFIG_TEXT_MAX], service[ENVELOPE_TYPE_MAX];
    enum err e;

    snprintf(service, sizeof service, "%.*s", (int)strcspn(type, "."), type);
    e = cli_questions(service, endpoint, why);
    while (!e) {
        struct why last = { 0 };

        e = ask_once(endpoint, type, ref, out, &last);
        if (!e) {
            l->until_ms = clock_monotonic_ms() + l->wait_ms;
            return ERR_NONE;
        }
        if (cli_stopped) return why_set(why, ERR_INTERRUPTED, "STOPPED", "stopped; nothing was sent");
        if (e != ERR_NOT_FOUND && e != ERR_TIMEOUT && e != ERR_INTERRUPTED) {
            return why_set(why, e, last.code, "@%.*s: %s", SLICE_ARG(ref), last.sentence);
        }
        if (clock_monotonic_ms() >= l->until_ms) return still_missing(e, service, ref, type, &last, why);
        (void)poll(NULL, 0, LOOKUP_PAUSE_MS);
        e = ERR_NONE;
    }
    return e;
}

enum err lookup_find(void *context, const char *type, struct slice ref, const char *want,
                     char out[ENVELOPE_ID_MAX + 1], struct why *why)
{
    struct lookup *l = context;
    char key[LOOKUP_KEY_MAX];
    json_t *answer;
    const char *found;
    enum err e;

    if (snprintf(key, sizeof key, "%s %.*s", type, SLICE_ARG(ref)) >= (int)sizeof key) {
        return why_set(why, ERR_INVALID, "FIELD_RANGE", "@%.40s...: a name after @ has at most 128 letters",
                       ref.data);
    }
    answer = json_object_get(l->answers, key);
    if (!answer) {
        e = ask_long(l, type, ref, &answer, why);
        if (e) return e;
        json_object_set_new(l->answers, key, answer);
    }
    found = json_string_value(json_object_get(answer, want));
    if (!found || strlen(found) > ENVELOPE_ID_MAX) {
        return why_set(why, ERR_INVALID, "LOOKUP", "@%.*s: what was found there has no %s", SLICE_ARG(ref),
                       want);
    }
    snprintf(out, ENVELOPE_ID_MAX + 1, "%s", found);
    return ERR_NONE;
}
