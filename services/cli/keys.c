/* keys.c - `ocop keys`: certificates for those who come over TCP. The broker and the services read the folder
 * by themselves, and the broker says in the log what changed.
 */
#include "common/party.h"
#include "common/place.h"
#include "common/policy.h"
#include "services/cli/cli.h"
#include "services/cli/print.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    KEY_PROVINCE = 0x200,
    KEY_DIR,
    KEY_POLICY,
    KEYS_PATH_MAX = 1024,
    KEYS_AWAY_MAX = KEYS_PATH_MAX + 32,
    REVOKED_MAX = 9999
};

struct keys {
    struct cli *cli;
    const char *what, *words[2], *province, *policy;
    size_t count;
    char folder[CONFIG_TEXT_MAX];
    const char *dir;
};

static const char doc[] =
    "Certificates of those who may connect over TCP.\v"
    "  new ROLE NAME   make NAME.key (for the folder of keys) and NAME.key_secret (for NAME alone)\n"
    "  revoke NAME     take NAME.key out; NAME is cut off within a second. It is kept as NAME.key.revoked,\n"
    "                  and a later one of that name as NAME.key.revoked-2\n"
    "  list            all that are there\n"
    "\n"
    "ROLE is one of the policy: province, commune, council, authority, monitor, operator, or a service's "
    "name. NAME is "
    "what the party publishes as; a service's key has the service's name. --province is what {province} "
    "stands for in "
    "the policy: 06, or 19,06 for a province and what was merged into it, or all.\n"
    "\n"
    "EXAMPLES\n"
    "  ocop keys new province province-06 --province 06\n"
    "  ocop keys new council council-centre --province all\n"
    "  ocop keys new operator operator --dir /etc/ocop/keys\n"
    "  ocop keys revoke province-06\n"
    "\n"
    "Exit codes: 0 done, 2 usage, or there is such a key already, 4 the folder cannot be written.\n";

static const struct argp_option options[] = {
    { "province", KEY_PROVINCE, "NN", 0, "Its province or provinces", 1 },
    { "dir", KEY_DIR, "DIR", 0, "The folder of keys (STATE/keys)", 1 },
    { "policy", KEY_POLICY, "FILE", 0, "The policy whose roles there are (the built-in one)", 1 },
    { 0 },
};

static void check_words(struct argp_state *state, const struct keys *k)
{
    size_t wanted = 0;

    if (!k->what) argp_error(state, "say new, revoke or list");
    if (!strcmp(k->what, "new"))
        wanted = 2;
    else if (!strcmp(k->what, "revoke"))
        wanted = 1;
    else if (strcmp(k->what, "list") != 0)
        argp_error(state, "there is no `keys %s`; say new, revoke or list", k->what);
    if (k->count != wanted)
        argp_error(state, "`keys %s` takes %s", k->what,
                   wanted == 2   ? "ROLE and NAME"
                   : wanted == 1 ? "one NAME"
                                 : "no more words");
    if (k->province && wanted != 2) argp_error(state, "--province is for `keys new`");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct keys *k = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = k->cli;
        return 0;
    case KEY_PROVINCE:
        k->province = arg;
        return 0;
    case KEY_DIR:
        k->dir = arg;
        return 0;
    case KEY_POLICY:
        k->policy = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (!k->what) {
            k->what = arg;
            return 0;
        }
        if (k->count == 2) argp_error(state, "too many words");
        k->words[k->count++] = arg;
        return 0;
    case ARGP_KEY_END:
        check_words(state, k);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = { options, parse, "new ROLE NAME | revoke NAME | list", doc, cli_children,
                                  NULL,    NULL };

/* --- new --- */

/* A role without rules would be admitted and allowed nothing: a slip of the pen, most likely. */
static enum err check_role(const struct keys *k, const char *role, struct why *why)
{
    struct policy *policy = NULL;
    char roles[512] = "";
    bool there = !strcmp(role, "broker"); /* its own key opens nothing, but others must know it */
    enum err e = policy_read(k->policy, &policy, why);

    if (e) return e;
    for (size_t i = 0, at = 0; i < policy_roles(policy) && at < sizeof roles; i++) {
        const char *name = policy_role_name(policy, i);

        there |= !strcmp(name, role) && strcmp(name, PARTY_LOCAL);
        if (strcmp(name, PARTY_LOCAL))
            at += (size_t)snprintf(roles + at, sizeof roles - at, "%s%s", at ? ", " : "", name);
    }
    policy_destroy(&policy);
    return there ? ERR_NONE
                 : why_set(why, ERR_INVALID, "ROLE", "there is no role \"%s\" in the policy; it has %s", role,
                           roles);
}

static enum err fill(const struct keys *k, struct party *p, struct why *why)
{
    enum err e = check_role(k, k->words[0], why);

    if (e) return e;
    if (strlen(k->words[1]) > PUBLISHER_MAX)
        return why_set(why, ERR_INVALID, "KEY", "a name has at most %d letters", PUBLISHER_MAX);
    snprintf(p->role, sizeof p->role, "%s", k->words[0]);
    snprintf(p->name, sizeof p->name, "%s", k->words[1]);
    if (!k->province && (!strcmp(p->role, "province") || !strcmp(p->role, "commune")))
        return why_set(why, ERR_INVALID, "PROVINCE",
                       "a %s without --province may do nothing; say --province NN", p->role);
    return party_set_provinces(p, k->province ? k->province : "", why);
}

static int new_key(const struct keys *k)
{
    struct party p = { .name = "" };
    struct why why = { 0 };
    enum err e = fill(k, &p, &why);

    if (e) return cli_fail_err(e, &why);
    if (mkdir(k->folder, 0755) == 0)
        (void)chmod(k->folder, 0755); /* whatever the umask: services of other users read it too */
    else if (errno != EEXIST)
        return cli_fail(EXIT_SYSTEM, "the folder %s cannot be made: %s", k->folder, strerror(errno));
    e = party_make(k->folder, &p, &why);
    if (e) return cli_fail_err(e, &why);
    if (k->cli->json) {
        printf("{\"name\":\"%s\",\"role\":\"%s\",\"key\":\"%s\"}\n", p.name, p.role, p.key);
        return EXIT_ALL_WELL;
    }
    if (!strcmp(p.role, "broker")) {
        printf(
            "%s/%s.key          goes to everybody who connects over TCP: their --server-key or server_key\n"
            "%s/%s.key_secret   is the broker's own and never leaves its host: name it in keys/secret\n",
            k->folder, p.name, k->folder, p.name);
        return EXIT_ALL_WELL;
    }
    printf("%s/%s.key          stays here: the broker admits it from now on\n", k->folder, p.name);
    printf("%s/%s.key_secret   give it to %s alone, on paper or a stick, and delete it here\n", k->folder,
           p.name, p.name);
    return EXIT_ALL_WELL;
}

/* --- revoke --- */

/* NAME.key.revoked, or NAME.key.revoked-2 and so on: one that was revoked before is kept too. */
static bool find_free(const char *path, char away[KEYS_AWAY_MAX])
{
    snprintf(away, KEYS_AWAY_MAX, "%s.revoked", path);
    for (int n = 2; n <= REVOKED_MAX && access(away, F_OK) == 0; n++)
        snprintf(away, KEYS_AWAY_MAX, "%s.revoked-%d", path, n);
    return access(away, F_OK) != 0;
}

static int revoke_key(const struct keys *k)
{
    char path[KEYS_PATH_MAX], away[KEYS_AWAY_MAX], secret[KEYS_AWAY_MAX];

    if (!publisher_valid(slice_text(k->words[0])))
        return cli_fail(EXIT_USAGE, "\"%s\" is no name", k->words[0]);
    snprintf(path, sizeof path, "%s/%s.key", k->folder, k->words[0]);
    if (!find_free(path, away)) return cli_fail(EXIT_SYSTEM, "%s is there; move it away first", away);
    if (rename(path, away) != 0) {
        if (errno == ENOENT) return cli_fail(EXIT_USAGE, "there is no %s", path);
        return cli_fail(EXIT_SYSTEM, "%s cannot be taken out: %s", path, strerror(errno));
    }
    snprintf(secret, sizeof secret, "%s_secret", path);
    if (unlink(secret) != 0 && errno != ENOENT)
        (void)cli_fail(0, "%s is of no use any more, but cannot be deleted: %s", secret, strerror(errno));
    if (k->cli->json)
        printf("{\"revoked\":\"%s\"}\n", k->words[0]);
    else
        printf("%s is revoked; kept as %s\n", k->words[0], away);
    return EXIT_ALL_WELL;
}

/* --- list --- */

static bool is_certificate(const char *name)
{
    size_t size = strlen(name);

    return size > 4 && !strcmp(name + size - 4, ".key");
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct party *)a)->name, ((const struct party *)b)->name);
}

/* All that can be read into *out, which is the caller's to free; of the others a line on stderr. */
static int gather(const struct keys *k, struct party **out, size_t *count)
{
    DIR *d = opendir(k->folder);
    const struct dirent *entry;
    int code = EXIT_ALL_WELL;

    if (!d) return cli_fail(EXIT_SYSTEM, "the folder %s cannot be read: %s", k->folder, strerror(errno));
    while ((entry = readdir(d))) {
        char path[KEYS_PATH_MAX];
        struct why why = { 0 };
        struct party *more;

        if (!is_certificate(entry->d_name)) continue;
        snprintf(path, sizeof path, "%s/%s", k->folder, entry->d_name);
        more = realloc(*out, (*count + 1) * sizeof *more);
        if (!more) break;
        *out = more;
        if (party_read(path, &more[*count], &why))
            code = cli_fail(EXIT_SOME_REFUSED, "%s", why.sentence);
        else
            ++*count;
    }
    closedir(d);
    return code;
}

static json_t *row_of(const struct party *p)
{
    char provinces[PARTY_PROVINCES_TEXT + 1];
    json_t *row = json_object();

    party_provinces_text(p, provinces);
    json_object_set_new(row, "name", json_string(p->name));
    json_object_set_new(row, "role", json_string(p->role));
    json_object_set_new(row, "province", json_string(provinces));
    json_object_set_new(row, "key", json_string(p->key));
    return row;
}

static int list_keys(const struct keys *k)
{
    struct party *parties = NULL;
    json_t *rows = json_array(), *row;
    size_t count = 0, i;
    int code = gather(k, &parties, &count);

    if (count) qsort(parties, count, sizeof *parties, by_name);
    for (i = 0; i < count; i++)
        json_array_append_new(rows, row_of(&parties[i]));
    free(parties);
    if (k->cli->json) {
        json_array_foreach(rows, i, row) print_json(stdout, row);
    } else {
        print_table(stdout, rows, isatty(STDOUT_FILENO));
        printf("%zu keys in %s\n", count, k->folder);
    }
    json_decref(rows);
    return code;
}

int keys_verb(struct cli *cli, int argc, char **argv)
{
    struct keys k = { .cli = cli };
    struct why why = { 0 };
    enum err e;

    cli_parse(cli, &argp, argc, argv, &k);
    e = place_expand(k.dir ? k.dir : PLACE_KEYS, k.folder, &why);
    if (e) return cli_fail_err(e, &why);
    if (!strcmp(k.what, "new")) return new_key(&k);
    return !strcmp(k.what, "revoke") ? revoke_key(&k) : list_keys(&k);
}
