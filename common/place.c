#include "common/place.h"

#include "common/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* What a Unix socket's address can hold without its zero byte. */
enum { IPC_PATH_MAX = 107 };

/* One byte longer than any result: a folder that was cut here does not fit there. */
static char run_folder[CONFIG_TEXT_MAX + 1], state_folder[CONFIG_TEXT_MAX + 1];

void place_set(const char *run, const char *state)
{
    if (run) snprintf(run_folder, sizeof run_folder, "%s", run);
    if (state) snprintf(state_folder, sizeof state_folder, "%s", state);
}

static const char *first_given(const char *set, const char *variable, const char *standard)
{
    const char *environment = getenv(variable);

    if (set[0]) return set;
    return environment && environment[0] ? environment : standard;
}

/* What stands for the place `pattern` begins with; *taken is the place's length. NULL when it is none we
 * know. */
static const char *place_at(const char *pattern, size_t *taken)
{
    struct slice rest = slice_text(pattern), run = slice_text("{run}"), state = slice_text("{state}");

    *taken = slice_starts(rest, run) ? run.size : state.size;
    if (slice_starts(rest, run)) return first_given(run_folder, "OCOP_RUN", "/run/ocop");
    if (slice_starts(rest, state)) return first_given(state_folder, "OCOP_STATE", "/var/lib/ocop");
    return NULL;
}

static enum err too_long(const char *pattern, struct why *why)
{
    return why_set(why, ERR_CONFIG, "PLACE",
                   "%s becomes too long: a path may have %d bytes, a socket's %d; choose a shorter folder",
                   pattern, CONFIG_TEXT_MAX - 1, IPC_PATH_MAX);
}

static enum err expand(const char *pattern, struct buf *out, struct why *why)
{
    while (*pattern) {
        size_t taken = strcspn(pattern, "{");
        const char *place;
        buf_add(out, pattern, taken);
        pattern += taken;
        if (!*pattern) break;
        place = place_at(pattern, &taken);
        if (!place)
            return why_set(why, ERR_CONFIG, "PLACE", "%s names no place: there are {run} and {state}",
                           pattern);
        buf_add_text(out, place);
        pattern += taken;
    }
    return out->failed == ERR_LIMIT ? ERR_CONFIG : out->failed;
}

enum err place_expand(const char *pattern, char out[CONFIG_TEXT_MAX], struct why *why)
{
    static const struct slice ipc = { "ipc://", 6 };
    struct buf text = { .limit = CONFIG_TEXT_MAX - 1 };
    enum err e = expand(pattern, &text, why);

    if (!e && slice_starts(buf_slice(&text), ipc) && !memchr(text.data, ' ', text.size) &&
        text.size - ipc.size > IPC_PATH_MAX)
        e = ERR_CONFIG;
    if (e == ERR_CONFIG) (void)too_long(pattern, why);
    if (!e) {
        if (text.size) memcpy(out, text.data, text.size);
        out[text.size] = '\0';
    }
    buf_fini(&text);
    return e;
}

enum err place_err(int system)
{
    switch (system) {
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case EACCES:
    case EPERM:
    case ELOOP:
    case ENAMETOOLONG:
        return ERR_CONFIG;
    default:
        return ERR_IO;
    }
}
