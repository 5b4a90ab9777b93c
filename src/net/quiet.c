/* A listener that hears nothing: see quiet.h. Linux runs a listening socket's filter before it
 * looks at a segment, and drops what the filter refuses without the reset that RFC 9293 3.10.7.1
 * wants from a closed port.
 *
 * Since 2026 (mainline 5d39580f68e6 and the stable kernels) a filter on a TCP socket takes
 * CAP_NET_ADMIN. Without it the listener is given a signature key for every peer (TCP-MD5,
 * RFC 2385 2.0): a segment without the right signature is dropped as silently. That is the second
 * choice only because some kernels note each such drop in the system log. */
#include "net/quiet.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/tcp.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    KEY_OCTETS = 16
};

static bool refuse_by_filter(int fd)
{
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog program = {.len = 1, .filter = &nothing};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;
}

/* A key that nobody knows, not even we, for the prefix of length 0. */
static bool refuse_by_signature(int fd, int family)
{
    struct tcp_md5sig sig = {.tcpm_addr.ss_family = (sa_family_t)family,
                             .tcpm_flags = TCP_MD5SIG_FLAG_PREFIX,
                             .tcpm_keylen = KEY_OCTETS};
    return getrandom(sig.tcpm_key, KEY_OCTETS, 0) == KEY_OCTETS &&
           setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG_EXT, &sig, sizeof(sig)) == 0;
}

/* Everything that must hold before the port is ours: a plain listener would answer. */
static bool silence(int fd, int family)
{
    const int on = 1;
    if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
        return false;
    return refuse_by_filter(fd) || (errno == EPERM && refuse_by_signature(fd, family));
}

static int bind_to(int fd, const struct endpoint *local, uint32_t scope_id)
{
    struct sockaddr_storage at;
    socklen_t n = endpoint_to_sockaddr(local, &at);
    if (at.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&at)->sin6_scope_id = scope_id;
    return bind(fd, (const struct sockaddr *)&at, n);
}

static enum status explain(const struct endpoint *local, int error, struct fault *fault)
{
    char text[ENDPOINT_TEXT_MAX];
    (void)endpoint_format(local, text);
    if (error == EADDRINUSE)
        return fault_set(fault, STATUS_NOT_OURS, "%s is in use by another program", text);
    if (error == EADDRNOTAVAIL)
        return fault_set(fault, STATUS_SYSTEM, "%s is no address of this host", text);
    if (error == EACCES)
        return fault_set(fault, STATUS_SYSTEM, "%s: a port this low needs CAP_NET_BIND_SERVICE",
                         text);
    return fault_set(fault, STATUS_SYSTEM, "cannot reserve %s: %s", text, strerror(error));
}

enum status quiet_open(const struct endpoint *local, uint32_t scope_id, int *fd,
                       struct fault *fault)
{
    int family = address_is_v4(&local->ip) ? AF_INET : AF_INET6;
    int s = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s < 0)
        return explain(local, errno, fault);
    if (!silence(s, family) || bind_to(s, local, scope_id) != 0 || listen(s, 1) != 0) {
        int error = errno;
        (void)close(s);
        return explain(local, error, fault);
    }
    *fd = s;
    return STATUS_OK;
}
