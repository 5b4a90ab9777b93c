/* What a function of tcpshake answers when it can fail. The words for people travel in a
 * `struct fault`; only cli/ prints them or exits. */
#ifndef TCPSHAKE_BASE_STATUS_H
#define TCPSHAKE_BASE_STATUS_H

enum status {
    STATUS_OK = 0,
    STATUS_MALFORMED, /* input that does not parse: a target, a number, a frame */
    STATUS_SYSTEM,    /* the machine said no: no route, no privilege, a full disk */
    STATUS_NO_MEMORY,
    STATUS_NOT_OURS,    /* well formed, but not for us: another protocol, another flow */
    STATUS_UNREACHABLE, /* the kernel has no way to this one target; others may have one */
    STATUS_FULL,        /* the kernel has no room now, though it was waited for */
};

#endif
