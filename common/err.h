/* err.h - every way a call can fail, and what then becomes of the event being handled.
 *
 * One table: code, fate, sentence. There is no "try again later": the log is in order, and reading it
 * again must end the same.
 */
#ifndef COMMON_ERR_H
#define COMMON_ERR_H

#include <stdarg.h>
#include <stddef.h>

/* What becomes of an event whose handling ended with this error. */
enum fate {
    FATE_APPLIED, /* it took effect */
    FATE_REFUSED, /* a derived event tells the sender why */
    FATE_DEAD,    /* we cannot even read it: dead-letter table, and an outcome that says so */
    FATE_STOP     /* disk, memory, or a broken promise: exit with a sentence, nothing moved */
};

/*    name        fate          sentence */
#define ERR_TABLE(X)                                                                                         \
    X(NONE, FATE_APPLIED, "done")                                                                            \
    X(INVALID, FATE_REFUSED, "a value breaks a rule")                                                        \
    X(NOT_FOUND, FATE_REFUSED, "there is no such thing")                                                     \
    X(LIMIT, FATE_REFUSED, "a named limit is reached")                                                       \
    X(UNREADABLE, FATE_DEAD, "the bytes cannot be read")                                                     \
    X(AGAIN, FATE_STOP, "nothing to do now; the call does not wait")                                         \
    X(GONE, FATE_STOP, "the peer is not there")                                                              \
    X(TIMEOUT, FATE_STOP, "the time allowed has passed")                                                     \
    X(IO, FATE_STOP, "the disk or the system failed")                                                        \
    X(FULL, FATE_STOP, "the disk is full")                                                                   \
    X(NOMEM, FATE_STOP, "no memory")                                                                         \
    X(CORRUPT, FATE_STOP, "stored bytes are not what was stored")                                            \
    X(DIVERGED, FATE_STOP, "two sides remember different pasts")                                             \
    X(SUPERSEDED, FATE_STOP, "another process took over this publisher's name")                              \
    X(PROMISE, FATE_STOP, "a promise between the parts is broken")                                           \
    X(CONFIG, FATE_STOP, "the configuration is wrong")                                                       \
    X(INTERRUPTED, FATE_STOP, "asked to stop")

enum err {
#define X(name, fate, sentence) ERR_##name,
    ERR_TABLE(X)
#undef X
};

enum fate err_fate(enum err e);
const char *err_name(enum err e);     /* "NOT_FOUND" */
const char *err_sentence(enum err e); /* for people */

enum { WHY_SENTENCE_MAX = 640, WHY_CODE_MAX = 40 };

/* Why something was refused: a code a program can test and a sentence a person can act on.
 * The caller owns it; start with `struct why why = {0}`, or with why_clear where it is begun for every event.
 * The first reason set stays: an outer layer that adds its own does not hide the inner one. The sentence is
 * cut at a whole UTF-8 letter. */
struct why {
    char code[WHY_CODE_MAX];
    char sentence[WHY_SENTENCE_MAX];
};

/* Set a reason unless one is set already. Returns `e`, so that `return why_set(...)` reads well. NULL why is
 * allowed. */
enum err why_set(struct why *why, enum err e, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void why_clear(struct why *why);

#endif
