/* status.c - the status of a certificate on a day. */
#include "services/certification/status.h"

static int32_t earlier(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* Last day of the extension; before extended_from when the result came within the term. */
static int32_t extension_end(const struct status_facts *facts)
{
    return facts->extension_ended ? earlier(facts->extended_to, facts->ended_on) : facts->extended_to;
}

static struct standing until(enum status status, const struct status_facts *facts, int32_t last)
{
    if (facts->leaving != LEAVING_NONE) last = earlier(last, facts->left_on - 1);
    return (struct standing){ .status = status, .has_until = true, .until = last };
}

/* The last day of validity before `day`, which is past the term and in no extension. */
static int32_t last_day_before(const struct status_facts *facts, int32_t day)
{
    const int32_t last = status_last_day(facts);

    return last < day ? last : facts->ends_on;
}

struct standing status_on(const struct status_facts *facts, int32_t day)
{
    if (day < facts->issued_on) return (struct standing){ .status = STATUS_UNKNOWN };
    if (facts->leaving != LEAVING_NONE && day >= facts->left_on)
        return (struct standing){ .status = facts->leaving == LEAVING_WITHDRAWN ? STATUS_WITHDRAWN
                                                                                : STATUS_REPLACED };
    if (day <= facts->ends_on) return until(STATUS_VALID, facts, facts->ends_on);
    if (facts->extended && day >= facts->extended_from && day <= extension_end(facts))
        return until(STATUS_VALID_PENDING, facts, extension_end(facts));
    return (
        struct standing){ .status = STATUS_EXPIRED, .has_until = true, .until = last_day_before(facts, day) };
}

const char *status_word(enum status status)
{
    static const char *const words[STATUS_COUNT] = {
        [STATUS_UNKNOWN] = "unknown",
        [STATUS_VALID] = "valid",
        [STATUS_VALID_PENDING] = "valid_pending",
        [STATUS_EXPIRED] = "expired",
        [STATUS_WITHDRAWN] = "withdrawn",
        [STATUS_REPLACED] = "replaced",
    };

    return (unsigned)status < STATUS_COUNT ? words[status] : words[STATUS_UNKNOWN];
}

bool status_in_force(enum status status)
{
    return status == STATUS_VALID || status == STATUS_VALID_PENDING;
}

int32_t status_last_day(const struct status_facts *facts)
{
    if (!facts->extended || extension_end(facts) < facts->extended_from) return facts->ends_on;
    return extension_end(facts);
}

unsigned status_rank(enum status status)
{
    static const unsigned ranks[STATUS_COUNT] = {
        [STATUS_VALID] = 0,     [STATUS_VALID_PENDING] = 1, [STATUS_EXPIRED] = 2,
        [STATUS_WITHDRAWN] = 2, [STATUS_REPLACED] = 3,      [STATUS_UNKNOWN] = 4,
    };

    return (unsigned)status < STATUS_COUNT ? ranks[status] : ranks[STATUS_UNKNOWN];
}
