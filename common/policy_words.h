/* policy_words.h - is each word of a policy one there is? For policy.c alone; policy_know is in policy.h.
 *
 * Pure. `also` are the words, parted by blanks, that the policy itself says are meant: of a newer version, or
 * a role that only looks like a slip. Without policy_know every word will do.
 */
#ifndef COMMON_POLICY_WORDS_H
#define COMMON_POLICY_WORDS_H

#include "common/policy.h"

enum { POLICY_WORD_MAX = POLICY_RULE_MAX + 16 };

/* What is not known, and what was meant most likely. */
struct policy_slip {
    char word[POLICY_WORD_MAX], nearest[POLICY_WORD_MAX];
};

/* False: there is no such context, thing or verb, so no event could be meant; it stops before the province
 * and has no dot at its end; or it asks a service there is not. What a service can be asked it alone knows.
 */
bool policy_rule_known(enum verb verb, const char *pattern, const char *also, struct policy_slip *slip);
/* A role of one's own may have any name that is not nearly, but not quite, one of the standard policy. */
bool policy_role_known(const char *role, const struct policy *standard, const char *also,
                       struct policy_slip *slip);

#endif
