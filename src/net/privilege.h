/* Least privilege: checked with a helpful line before anything is opened, given up for good before
 * the first packet is parsed. */
#ifndef TCPSHAKE_NET_PRIVILEGE_H
#define TCPSHAKE_NET_PRIVILEGE_H

#include "base/fault.h"

/* Whether CAP_NET_RAW is there; if not, a line that names setcap, sudo and `tcpshake lab`. */
enum status privilege_check(struct fault *fault);

/* Drops every capability (libcap-ng), sets no_new_privs and loads a seccomp filter (libseccomp)
 * that leaves only what the run itself needs: reading and writing open descriptors, timers, memory,
 * quiet sockets' bind and listen, exit. Nothing can be opened or executed afterwards. */
enum status privilege_drop(struct fault *fault);

/* The same for a process that looks up names, which takes opening files and sockets and loading
 * what nsswitch names: capabilities and no_new_privs as above, and a filter that leaves all but
 * what no look-up needs, executing above all. */
enum status privilege_drop_but_lookups(struct fault *fault);

#endif
