/* Least privilege: checked with a helpful line before anything is opened, given up for good before
 * the first packet is parsed. */
#ifndef TCPSHAKE_NET_PRIVILEGE_H
#define TCPSHAKE_NET_PRIVILEGE_H

#include "base/fault.h"

/* Whether CAP_NET_RAW is there; if not, a line that names setcap, sudo and `tcpshake lab`. */
enum status privilege_check(struct fault *fault);

/* Whose privileges are given up, and what is left by the seccomp filter (libseccomp). */
enum privilege_of {
    /* A run: reading and writing open descriptors, timers, memory, quiet sockets' bind and listen,
     * exit. Nothing can be opened or executed afterwards. */
    PRIVILEGE_OF_RUN,
    /* A process that looks up names: also opening files and sockets and loading what nsswitch
     * names. Nothing can be executed. */
    PRIVILEGE_OF_LOOKUPS,
    /* The lab's peer, which has given up its capabilities itself and has no_new_privs set: all but
     * what no application needs, executing above all. */
    PRIVILEGE_OF_PEER,
};

/* Drops every capability (libcap-ng), sets no_new_privs, lets no other process look in, and loads
 * the filter. For good. */
enum status privilege_drop(enum privilege_of whose, struct fault *fault);

/* Root becomes nobody (65534), without any other group; who is not root stays who it is, as does
 * root of a user namespace that has no such user. */
void privilege_become_nobody(void);

#endif
