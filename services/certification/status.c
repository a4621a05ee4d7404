/* status.c - the status of a certificate on a day. */
#include "services/certification/status.h"

static int32_t earlier(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* Of the term and the extensions begun by that day. An extension whose end came within the term adds nothing.
 */
static int32_t last_begun(const struct status_facts *facts, int32_t day)
{
    int32_t last = facts->ends_on;

    for (const struct status_extension *x = facts->extension; x; x = x->earlier) {
        const int32_t end = x->ended ? earlier(x->to, x->ended_on) : x->to;

        if (x->from <= day && x->from <= end && end > last) last = end;
    }
    return last;
}

/* That of extensions which follow one another without a day between them. */
static int32_t last_in_a_row(const struct status_facts *facts, int32_t day)
{
    int32_t last = last_begun(facts, day), next;

    while ((next = last_begun(facts, last + 1)) > last)
        last = next;
    return last;
}

static struct standing until(enum status status, const struct status_facts *facts, int32_t last)
{
    if (facts->leaving != LEAVING_NONE) last = earlier(last, facts->left_on - 1);
    return (struct standing){ .status = status, .has_until = true, .until = last };
}

struct standing status_on(const struct status_facts *facts, int32_t day)
{
    int32_t last;

    if (day < facts->issued_on) return (struct standing){ .status = STATUS_UNKNOWN };
    if (facts->leaving != LEAVING_NONE && day >= facts->left_on)
        return (struct standing){ .status = facts->leaving == LEAVING_WITHDRAWN ? STATUS_WITHDRAWN
                                                                                : STATUS_REPLACED };
    if (day <= facts->ends_on) return until(STATUS_VALID, facts, facts->ends_on);
    last = last_in_a_row(facts, day);
    return until(day <= last ? STATUS_VALID_PENDING : STATUS_EXPIRED, facts, last);
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
    return last_begun(facts, INT32_MAX);
}

unsigned status_rank(enum status status)
{
    static const unsigned ranks[STATUS_COUNT] = {
        [STATUS_VALID] = 0,     [STATUS_VALID_PENDING] = 1, [STATUS_EXPIRED] = 2,
        [STATUS_WITHDRAWN] = 2, [STATUS_REPLACED] = 3,      [STATUS_UNKNOWN] = 4,
    };

    return (unsigned)status < STATUS_COUNT ? ranks[status] : ranks[STATUS_UNKNOWN];
}
