/* reach.c - where the broker and the services answer, and with which keys: sockets on this machine, or TCP.
 */
#include "services/cli/cli.h"

#include "common/bus.h"
#include "common/party.h"
#include "common/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cli *reach;

void reach_set(const struct cli *cli)
{
    reach = cli;
}

static const char *given(const char *option, const char *variable)
{
    const char *environment = getenv(variable);

    if (option) return option;
    return environment && *environment ? environment : NULL;
}

/* Be who --key says, once. */
static enum err identify(struct why *why)
{
    static bool done;
    const char *key = given(reach->key, "OCOP_KEY");
    struct party us;
    enum err e;

    if (done || !key) return ERR_NONE; /* without: the bus says what is missing */
    e = party_identify(key, 0, &us, why);
    done = !e;
    return e;
}

/* The certificate of `name`: the file --server-key for the broker, those of the services beside it. */
static enum err trust(const char *endpoint, const char *name, struct why *why)
{
    const char *file = given(reach->server_key, "OCOP_SERVER_KEY"), *slash;
    char beside[1024];

    if (!file) return ERR_NONE;
    slash = strrchr(file, '/');
    snprintf(beside, sizeof beside, "%.*s%s.key", slash ? (int)(slash - file + 1) : 0, file, name);
    return party_trust(endpoint, strcmp(name, "broker") ? beside : file, why);
}

static enum err take(const char *endpoint, const char *name, char out[CONFIG_TEXT_MAX], struct why *why)
{
    enum err e = ERR_NONE;

    if (strlen(endpoint) >= CONFIG_TEXT_MAX)
        return why_set(why, ERR_CONFIG, "ENDPOINT", "The endpoint of %s is longer than %d bytes", name,
                       CONFIG_TEXT_MAX - 1);
    memcpy(out, endpoint, strlen(endpoint) + 1);
    if (strncmp(out, "tcp://", 6) == 0) {
        e = identify(why);
        if (!e) e = trust(out, name, why);
        if (!e && bus_connect_check(out, NULL))
            e = why_set(why, ERR_CONFIG, "KEYS",
                        "%s is reached over TCP and needs keys: --key FILE (yours, NAME.key_secret) and "
                        "--server-key FILE "
                        "(the broker's NAME.key, with those of the services beside it)",
                        name);
    }
    return e ? e : bus_connect_check(out, why);
}

enum err cli_broker(char endpoint[CONFIG_TEXT_MAX], struct why *why)
{
    const char *said = given(reach->broker, "OCOP_BROKER");
    enum err e;

    e = said ? take(said, "broker", endpoint, why) : place_expand(PLACE_BROKER, endpoint, why);
    return e ? e : bus_may_connect(endpoint, why);
}

/* NAME=ENDPOINT in `text`, at its beginning or behind a blank. */
static const char *find_in(const char *text, const char *name)
{
    size_t size = strlen(name);

    for (const char *at = text; at && *at; at = strchr(at, ' ')) {
        at += strspn(at, " ");
        if (strncmp(at, name, size) == 0 && at[size] == '=') return at + size + 1;
    }
    return NULL;
}

enum err cli_questions(const char *service, char endpoint[CONFIG_TEXT_MAX], struct why *why)
{
    const char *said = find_in(given(reach->services, "OCOP_SERVICES"), service);
    char pattern[CONFIG_TEXT_MAX];

    if (said) {
        snprintf(pattern, sizeof pattern, "%.*s", (int)strcspn(said, " "), said);
        return take(pattern, service, endpoint, why);
    }
    snprintf(pattern, sizeof pattern, PLACE_QUESTIONS, service);
    return place_expand(pattern, endpoint, why);
}
