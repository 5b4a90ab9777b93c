/* Targets as people type them. Brackets around an IPv6 address with a port are RFC 3986 3.2.2 and
 * RFC 5952 6, the scope after a percent sign is RFC 4007 11. */
#include "net/resolve.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "net/resolver.h"

enum {
    PORT_LAST = 65535
};

static size_t count_of(struct text_span s, char c)
{
    size_t count = 0;
    for (size_t i = 0; i < s.n; i++)
        count += s.s[i] == c;
    return count;
}

/* "ADDRESS" or "ADDRESS%SCOPE"; the scope is not looked at. */
static bool is_v6(struct text_span host)
{
    char address[INET6_ADDRSTRLEN];
    const char *percent = memchr(host.s, '%', host.n);
    size_t n = percent != NULL ? (size_t)(percent - host.s) : host.n;
    if (n >= sizeof(address) || (percent != NULL && n + 1 == host.n))
        return false;
    memcpy(address, host.s, n);
    address[n] = '\0';
    struct in6_addr ip;
    return inet_pton(AF_INET6, address, &ip) == 1;
}

static enum status take_port(struct resolve_target *t, struct text_span port, struct fault *fault)
{
    bool digits = true;
    for (size_t i = 0; i < port.n; i++) {
        unsigned char c = (unsigned char)port.s[i];
        if (c > 0x7f || (!isalnum(c) && strchr("-_.+", c) == NULL) || c == '\0')
            return text_refuse(fault, "", port, " is no port");
        digits = digits && isdigit(c);
    }
    if (port.n == 0)
        return fault_set(fault, STATUS_MALFORMED, "the port is empty");
    if (port.n >= sizeof(t->port))
        return text_refuse(fault, "port ", port, " is too long");
    memcpy(t->port, port.s, port.n);
    t->port[port.n] = '\0';
    uint64_t number;
    if (digits && !text_to_number(t->port, 1, PORT_LAST, &number))
        return fault_set(fault, STATUS_MALFORMED, "port %s is not between 1 and %d", t->port,
                         PORT_LAST);
    return STATUS_OK;
}

static enum status take(struct resolve_target *t, struct text_span host, struct text_span port,
                        struct fault *fault)
{
    enum status s = text_host(t->host, sizeof(t->host), host, "/[]@", fault);
    return s == STATUS_OK ? take_port(t, port, fault) : s;
}

/* "[V6]" and what follows it in `*rest`. */
static enum status parse_bracket(struct text_span text, struct text_span *host,
                                 struct text_span *rest, struct fault *fault)
{
    const char *close = memchr(text.s, ']', text.n);
    if (close == NULL)
        return text_refuse(fault, "", text, " has no closing ']'");
    *host = (struct text_span){text.s + 1, (size_t)(close - text.s) - 1};
    *rest = (struct text_span){close + 1, text.n - host->n - 2};
    if (!is_v6(*host))
        return text_refuse(fault, "", *host, " is no IPv6 address (only those go in [])");
    return STATUS_OK;
}

/* More than one colon and no bracket: say how it should have been written. */
static enum status complain_of_colons(struct text_span text, struct fault *fault)
{
    const char *last = memrchr(text.s, ':', text.n);
    struct text_span head = {text.s, (size_t)(last - text.s)};
    struct text_span tail = {last + 1, text.n - head.n - 1};
    if (is_v6(head) && tail.n != 0) {
        char show[TEXT_SHOWN_MAX], show_tail[TEXT_SHOWN_MAX];
        return fault_set(fault, STATUS_MALFORMED,
                         "an IPv6 address before a port needs brackets: [%s]:%s",
                         text_shown(head.s, head.n, show), text_shown(tail.s, tail.n, show_tail));
    }
    if (is_v6(text)) {
        char show[TEXT_SHOWN_MAX];
        return fault_set(fault, STATUS_MALFORMED,
                         "the port is missing: write [%s]:PORT or the port as a word of its own",
                         text_shown(text.s, text.n, show));
    }
    return text_refuse(fault, "", text, " is neither HOST:PORT nor [IPV6]:PORT");
}

/* The port is in `text`. */
static enum status parse_joined(struct resolve_target *t, struct text_span text,
                                struct fault *fault)
{
    struct text_span host = text, rest = {NULL, 0};
    if (text.s[0] == '[') {
        enum status s = parse_bracket(text, &host, &rest, fault);
        if (s != STATUS_OK)
            return s;
        if (rest.n != 0 && rest.s[0] != ':')
            return text_refuse(fault, "after ']' comes :PORT, not ", rest, "");
    } else {
        const char *colon = memchr(text.s, ':', text.n);
        if (count_of(text, ':') > 1)
            return complain_of_colons(text, fault);
        host = (struct text_span){text.s, colon != NULL ? (size_t)(colon - text.s) : text.n};
        rest = (struct text_span){text.s + host.n, text.n - host.n};
    }
    if (host.n == 0)
        return text_refuse(fault, "the host is missing in ", text, "");
    if (rest.n <= 1)
        return text_refuse(fault, "the port is missing in ", text, ": write HOST:PORT");
    return take(t, host, (struct text_span){rest.s + 1, rest.n - 1}, fault);
}

/* The port is a word of its own. */
static enum status parse_apart(struct resolve_target *t, struct text_span text,
                               struct text_span port, struct fault *fault)
{
    struct text_span host = text, rest = {NULL, 0};
    if (text.s[0] == '[') {
        enum status s = parse_bracket(text, &host, &rest, fault);
        if (s != STATUS_OK)
            return s;
    }
    if (rest.n != 0 || (count_of(host, ':') == 1 && !is_v6(host))) {
        char show[TEXT_SHOWN_MAX], show_port[TEXT_SHOWN_MAX];
        return fault_set(fault, STATUS_MALFORMED, "two ports: one in '%s', and '%s'",
                         text_shown(text.s, text.n, show), text_shown(port.s, port.n, show_port));
    }
    if (count_of(host, ':') != 0 && !is_v6(host))
        return text_refuse(fault, "", host, " is no IPv6 address");
    return take(t, host, port, fault);
}

enum status resolve_parse(struct resolve_target *t, const char *text, const char *port_word,
                          struct fault *fault)
{
    if (text[0] == '\0')
        return fault_set(fault, STATUS_MALFORMED, "the target is empty: write HOST:PORT");
    struct text_span whole = {text, strlen(text)};
    if (port_word == NULL)
        return parse_joined(t, whole, fault);
    return parse_apart(t, whole, (struct text_span){port_word, strlen(port_word)}, fault);
}

static enum status lookup_port(const char *name, uint16_t *port, struct fault *fault)
{
    uint64_t number;
    if (text_to_number(name, 1, PORT_LAST, &number)) {
        *port = (uint16_t)number;
        return STATUS_OK;
    }
    if (!resolver_service(name, port))
        return fault_set(fault, STATUS_MALFORMED,
                         "unknown port '%s': neither a number from 1 to %d nor a TCP service name",
                         name, PORT_LAST);
    return STATUS_OK;
}

/* RFC 4007 11: an interface's name or its number. */
static enum status lookup_scope(const struct in6_addr *ip, const char *scope, uint32_t *id,
                                struct fault *fault)
{
    uint64_t number = 0;
    if (!IN6_IS_ADDR_LINKLOCAL(ip))
        return fault_set(fault, STATUS_MALFORMED, "%%%s: only a link-local address has a scope",
                         scope);
    *id = if_nametoindex(scope);
    if (*id == 0 && text_to_number(scope, 1, UINT32_MAX, &number))
        *id = (uint32_t)number;
    if (*id == 0)
        return fault_set(fault, STATUS_SYSTEM, "no interface named '%s'", scope);
    return STATUS_OK;
}

/* An address written out needs no resolver. STATUS_NOT_OURS when it is a name. */
static enum status lookup_literal(const char *host, struct in6_addr *ip, uint32_t *scope_id,
                                  struct fault *fault)
{
    char address[RESOLVE_HOST_MAX];
    uint8_t v4[4];
    if (inet_pton(AF_INET, host, v4) == 1) {
        *ip = address_from_v4(v4);
        return STATUS_OK;
    }
    size_t n = strcspn(host, "%");
    memcpy(address, host, n);
    address[n] = '\0';
    if (inet_pton(AF_INET6, address, ip) != 1)
        return STATUS_NOT_OURS;
    return host[n] == '%' ? lookup_scope(ip, host + n + 1, scope_id, fault) : STATUS_OK;
}

enum status resolve_lookup(const struct resolve_target *t, int family, bool numeric,
                           struct endpoint *out, uint32_t *scope_id, struct fault *fault)
{
    uint64_t ignored;
    *scope_id = 0;
    if (numeric && !text_to_number(t->port, 0, UINT64_MAX, &ignored))
        return fault_set(fault, STATUS_MALFORMED, "'%s' is no port number (-n)", t->port);
    enum status s = lookup_port(t->port, &out->port, fault);
    if (s != STATUS_OK)
        return s;
    s = lookup_literal(t->host, &out->ip, scope_id, fault);
    if (s == STATUS_NOT_OURS && numeric)
        return fault_set(fault, STATUS_MALFORMED, "'%s' is no address (-n)", t->host);
    if (s == STATUS_NOT_OURS) {
        s = resolver_name(t->host, family, &out->ip, scope_id, fault);
        return s == STATUS_OK ? s : fault_wrap(fault, s, "cannot resolve '%s'", t->host);
    }
    if (s != STATUS_OK)
        return s;
    int found = address_is_v4(&out->ip) ? AF_INET : AF_INET6;
    if (family != AF_UNSPEC && family != found)
        return fault_set(fault, STATUS_MALFORMED, "%s is no IPv%d address", t->host,
                         family == AF_INET ? 4 : 6);
    return STATUS_OK;
}
