/* What a function of tcpshake answers when it can fail, and one line for people that says what went
 * wrong and what to do: filled where the error is known and given context on its way up to cli/,
 * the only place that prints it or exits. */
#ifndef TCPSHAKE_BASE_FAULT_H
#define TCPSHAKE_BASE_FAULT_H

enum status {
    STATUS_OK = 0,
    STATUS_MALFORMED, /* input that does not parse: a target, a number, a frame */
    STATUS_SYSTEM,    /* the machine said no: no route, no privilege, a full disk */
    STATUS_NO_MEMORY,
    STATUS_NOT_OURS,    /* well formed, but not for us: another protocol, another flow */
    STATUS_UNREACHABLE, /* the kernel has no way to this one target; others may have one */
    STATUS_FULL,        /* the kernel has no room now, though it was waited for */
};

enum {
    FAULT_TEXT_MAX = 320
};

struct fault {
    char text[FAULT_TEXT_MAX];
};

/* Writes the line (cut if too long) and returns `s`, so that a failure is one statement:
 * `return fault_set(fault, STATUS_SYSTEM, "no route to %s", name);`. `fault` may be NULL. */
enum status fault_set(struct fault *fault, enum status s, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "CONTEXT: " before the line that is there already; returns `s`. */
enum status fault_wrap(struct fault *fault, enum status s, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
