/* rules.c - `ocop rules propose`: a rubric or rule set goes into the log as its bytes. */
#include "services/cli/print.h"
#include "services/cli/push.h"
#include "services/cli/table.h"

#include <string.h>

enum { RULES_FILES_MAX = 256, RULES_BYTES_MAX = 262144, RULES_NAME_MAX = 80 };

struct propose {
    struct cli *cli;
    const char *what;
    const char *files[RULES_FILES_MAX];
    size_t count;
};

static const char doc[] =
    "Propose rubrics or rule sets: JSON files of schema ocop-rubric/1 or ocop-rules/1. Their bytes go into "
    "the "
    "log, so that the log alone can compute a result again.\v"
    "EXAMPLES\n"
    "  ocop --as operator rules propose services/scoring/rules/qd-26-2026*.json\n"
    "\n"
    "Exit codes: 0 all adopted, 1 some refused, 2 a file is not JSON with an \"id\", 3 no verdict yet.\n";

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct propose *p = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = p->cli;
        return 0;
    case ARGP_KEY_ARG:
        if (!p->what) {
            p->what = arg;
            if (strcmp(arg, "propose"))
                argp_error(state, "there is no `rules %s`; say rules propose FILE...", arg);
            return 0;
        }
        if (p->count == RULES_FILES_MAX) argp_error(state, "more than %d files in one call", RULES_FILES_MAX);
        p->files[p->count++] = arg;
        return 0;
    case ARGP_KEY_END:
        if (!p->count) argp_error(state, "say rules propose FILE...");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = { NULL, parse, "propose FILE...", doc, cli_children, NULL, NULL };

/* The name is the "id" in the bytes; a file that has none is refused before anything is sent. */
static enum err name_of(const struct text_file *f, const char *path, char name[RULES_NAME_MAX + 1],
                        struct why *why)
{
    json_error_t error;
    json_t *rules;
    const char *id;
    enum err e = ERR_NONE;

    if (f->size > RULES_BYTES_MAX) {
        return why_set(why, ERR_INVALID, "INPUT", "%s: the file is longer than %d bytes", path,
                       RULES_BYTES_MAX);
    }
    rules = json_loadb(f->data, f->size, JSON_REJECT_DUPLICATES, &error);
    if (!rules) {
        return why_set(why, ERR_INVALID, "INPUT", "%s:%d: this is no JSON: %s", path, error.line, error.text);
    }
    id = json_string_value(json_object_get(rules, "id"));
    if (!id || !*id || strlen(id) > RULES_NAME_MAX) {
        e = why_set(why, ERR_INVALID, "INPUT", "%s: id: there must be an \"id\" of 1 to %d letters", path,
                    RULES_NAME_MAX);
    } else {
        memcpy(name, id, strlen(id) + 1);
    }
    json_decref(rules);
    return e;
}

static enum err pack_rules(const char *path, struct buf *out, struct why *why)
{
    struct text_file f = { 0 };
    char name[RULES_NAME_MAX + 1];
    msgpack_packer p;
    enum err e = text_file_read(path, NULL, &f, why);

    if (!e) e = name_of(&f, path, name, why);
    if (!e) {
        buf_clear(out);
        msgpack_packer_init(&p, out, buf_pack_write);
        msgpack_pack_map(&p, 2);
        buf_pack_text(&p, "name");
        buf_pack_text(&p, name);
        buf_pack_text(&p, "bytes");
        buf_pack_bin(&p, slice_of(f.data, f.size));
        e = out->failed;
    }
    text_file_fini(&f);
    return e;
}

/* All files are checked before the first goes into the spool. */
static enum err propose_all(struct propose *p, struct spool **sp, struct why *why)
{
    struct buf data = { 0 };
    enum err e = ERR_NONE;

    for (size_t i = 0; !e && i < p->count; i++)
        e = pack_rules(p->files[i], &data, why);
    if (!e) e = push_spool(p->cli, NULL, sp, why);
    for (size_t i = 0; !e && i < p->count; i++) {
        e = pack_rules(p->files[i], &data, why);
        if (!e) e = push_event(*sp, "scoring.rules.proposed", p->files[i], buf_slice(&data), false, why);
    }
    buf_fini(&data);
    return e;
}

int rules_verb(struct cli *cli, int argc, char **argv)
{
    static struct propose p;
    struct spool *sp = NULL;
    struct why why = { 0 };
    int code;
    enum err e;

    p.cli = cli;
    cli_parse(cli, &argp, argc, argv, &p);
    e = propose_all(&p, &sp, &why);
    code = e ? cli_fail_err(e, &why) : push_finish(sp, cli, false);
    spool_close(&sp);
    return code;
}
