/* policy.h - who may do what: for each role, which topics may be published, followed and subscribed to, and
 * which questions asked. What no rule allows is refused.
 *
 * Pure but for reading the file (deploy/policy.zpl is the sample, and what is built in). A rule is a pattern
 * of topics: parts joined by dots, of which one may be * (anything) or {province} (those of the certificate);
 * one that ends with a dot means all that begins so, and * alone means everything. A question is
 * SERVICE.QUESTION; with .{province} behind it, the answer must be of a province of the certificate. A line
 * `also = "WORD ..."` at the top names what this version does not know and is meant all the same.
 */
#ifndef COMMON_POLICY_H
#define COMMON_POLICY_H

#include "common/party.h"

enum { POLICY_RULES_MAX = 1024, POLICY_ROLES_MAX = 64, POLICY_RULE_MAX = TOPIC_MAX, POLICY_ALSO_MAX = 1000 };

enum verb { VERB_PUBLISH, VERB_FOLLOW, VERB_SUBSCRIBE, VERB_ASK, VERBS };
extern const char *const verb_words[VERBS]; /* "publish", ... */

/* The types of events and the services there are, each ended by NULL: a policy that names others is refused,
 * unless it says that they are meant (`also`). Set once, before there are threads; without, any will do. */
void policy_know(const char *const *types, const char *const *services);

struct policy;
struct rights; /* of one role */

/* NULL: the one that is built in. ERR_CONFIG names what is wrong, with its line where a word is; ERR_IO,
 * ERR_NOMEM. */
enum err policy_read(const char *file, struct policy **out, struct why *why);
void policy_destroy(struct policy **policy);
struct hash policy_hash(const struct policy *policy); /* of its rules, in order */
/* Never NULL: a role that is not there has no rights. `local` without rules of its own has those of
 * `operator`. */
const struct rights *policy_rights(const struct policy *policy, const char *role);
size_t policy_rules(const struct policy *policy); /* how many */
size_t policy_roles(const struct policy *policy);
const char *policy_role_name(const struct policy *policy, size_t i);

/* May the party do it with every topic that begins with `prefix`? For a whole topic: with that one. */
bool rights_cover(const struct rights *r, enum verb verb, const struct party *party, struct slice prefix);
/* ... with any topic that begins with `prefix`? */
bool rights_touch(const struct rights *r, enum verb verb, const struct party *party, struct slice prefix);
/* May it ask this? *limited: only what is of its provinces. */
bool rights_ask(const struct rights *r, const char *service, struct slice question, bool *limited);
/* The refusal: who, what, and the rules there are, in a sentence. Returns ERR_INVALID, code NOT_PERMITTED. */
enum err rights_refuse(const struct rights *r, enum verb verb, const struct party *party, struct slice what,
                       struct why *why);

#endif
