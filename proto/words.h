/* words.h - what a policy may name: the types of events and the services there are. */
#ifndef PROTO_WORDS_H
#define PROTO_WORDS_H

/* Let policy_read know them (common/policy.h). For main, before all else; there are no errors. */
void event_words_for_policy(void);

#endif
