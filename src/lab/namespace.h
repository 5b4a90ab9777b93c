/* The lab's ground: a user namespace where we need one, network namespaces, and their settings.
 * All of it moves the calling process, which must be single-threaded. Nothing is given a name in a
 * file system, so the kernel frees a namespace when the last process and descriptor in it is gone.
 */
#ifndef TCPSHAKE_LAB_NAMESPACE_H
#define TCPSHAKE_LAB_NAMESPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

/* Makes sure that we may create and set up network namespaces: does nothing for a process that may
 * already, else enters a user namespace in which the caller is root and nobody else exists. Where
 * that is forbidden, the line names the setting to change. */
enum status namespace_become_able(struct fault *fault);

/* Enters a new network namespace. `*fd` (NULL: not wanted) refers to it from outside; the caller
 * closes it. */
enum status namespace_new_net(int *fd, struct fault *fault);

/* Goes back to one; `fd` is namespace_new_net's. */
enum status namespace_enter(int fd, struct fault *fault);

/* Whether `assignment` is "net.NAME=VALUE" in form; touches nothing. */
enum status namespace_sysctl_check(const char *assignment, struct fault *fault);
/* Applies it to the network namespace that we are in. */
enum status namespace_sysctl(const char *assignment, struct fault *fault);

/* Opens the file of a setting, "net.ipv4.NAME", in the network namespace that we are in; the name
 * is its first `n` octets. -1 with errno. */
int namespace_open_setting(const char *name, size_t n, int flags);
/* Reads the number in such a file, which stays open; false when there is none, at most `max`. */
bool namespace_read_number(int fd, uint64_t max, uint64_t *value);

#endif
