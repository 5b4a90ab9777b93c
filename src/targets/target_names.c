/* See target_names.h. */
#include "targets/target_names.h"

#include <stdlib.h>
#include <string.h>

enum {
    WAITERS_MAX = RESOLVER_OUTSTANDING /* so that the resolver has room for each of their names */
};

/* A question, its name found again by the number it was asked with. */
struct question {
    uint64_t id;
    struct target_name *name;
};

struct target_names {
    struct resolver *resolver;
    int family;
    uint64_t asked;
    size_t waiting, questions;
    struct target_names_waiter waiters[WAITERS_MAX];
    struct question open[WAITERS_MAX];
};

struct target_names *target_names_open(int family, const struct resolver_config *config,
                                       struct fault *fault)
{
    struct target_names *names = calloc(1, sizeof(*names));
    if (names == NULL) {
        (void)fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    names->family = family;
    names->resolver = resolver_open(config, fault);
    if (names->resolver == NULL) {
        free(names);
        return NULL;
    }
    return names;
}

void target_names_close(struct target_names *names)
{
    if (names == NULL)
        return;
    for (size_t i = 0; i < names->waiting; i++)
        target_names_drop(names->waiters[i].name);
    resolver_close(names->resolver);
    free(names);
}

struct target_name *target_names_new(const char *text)
{
    size_t n = strlen(text) + 1;
    struct target_name *name = calloc(1, sizeof(*name) + n);
    if (name != NULL) {
        name->holders = 1;
        memcpy(name->text, text, n);
    }
    return name;
}

struct target_name *target_names_hold(struct target_name *name)
{
    name->holders++;
    return name;
}

void target_names_drop(struct target_name *name)
{
    if (name == NULL || --name->holders != 0)
        return;
    free(name->reason);
    free(name);
}

bool target_names_full(const struct target_names *names)
{
    return names->waiting == WAITERS_MAX;
}

size_t target_names_waiting(const struct target_names *names)
{
    return names->waiting;
}

int target_names_fd(const struct target_names *names)
{
    return resolver_fd(names->resolver);
}

/* Each open question has a waiter, so there is room for it. */
static void ask(struct target_names *names, struct target_name *name)
{
    if (!resolver_ask(names->resolver, names->asked, name->text, names->family))
        return;
    name->state = TARGET_NAME_ASKED;
    names->open[names->questions++] = (struct question){names->asked++, name};
}

void target_names_wait(struct target_names *names, const struct target_names_waiter *waiter)
{
    names->waiters[names->waiting] = *waiter;
    names->waiters[names->waiting++].name = target_names_hold(waiter->name);
    if (waiter->name->state == TARGET_NAME_NEW)
        ask(names, waiter->name);
}

/* Without memory for the reason the name counts as not asked yet. */
static void learn(struct target_name *name, const struct in6_addr *ip, const char *reason)
{
    name->ip = *ip;
    name->reason = reason[0] != '\0' ? strdup(reason) : NULL;
    name->state = reason[0] == '\0'      ? TARGET_NAME_KNOWN
                  : name->reason != NULL ? TARGET_NAME_UNKNOWN
                                         : TARGET_NAME_NEW;
}

static void listen_to_resolver(struct target_names *names)
{
    uint64_t id;
    struct in6_addr ip;
    char reason[RESOLVER_REASON_MAX];
    while (resolver_take(names->resolver, &id, &ip, reason)) {
        for (size_t i = 0; i < names->questions; i++) {
            if (names->open[i].id != id)
                continue;
            learn(names->open[i].name, &ip, reason);
            names->open[i] = names->open[--names->questions];
            break;
        }
    }
}

static bool take_settled(struct target_names *names, struct target_names_waiter *out)
{
    for (size_t i = 0; i < names->waiting; i++) {
        struct target_name *name = names->waiters[i].name;
        if (name->state == TARGET_NAME_NEW)
            ask(names, name);
        if (name->state != TARGET_NAME_KNOWN && name->state != TARGET_NAME_UNKNOWN)
            continue;
        *out = names->waiters[i];
        names->waiters[i] = names->waiters[--names->waiting];
        return true;
    }
    return false;
}

bool target_names_take(struct target_names *names, struct target_names_waiter *out)
{
    if (names->waiting == 0)
        return false;
    if (take_settled(names, out))
        return true;
    listen_to_resolver(names);
    return take_settled(names, out);
}
