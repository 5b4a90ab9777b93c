/* See queues.h. */
#include "measure/backlog/queues.h"

#include <string.h>

#include "base/text.h"

#define NAME(name, text) [QUEUES_##name] = (text),

const char *queues_setting_name(enum queues_setting s)
{
    static const char *const names[] = {QUEUES_SETTING_TABLE(NAME)};
    return names[s];
}

const char *queues_counter_name(enum queues_counter c)
{
    static const char *const names[] = {QUEUES_COUNTER_TABLE(NAME)};
    return names[c];
}

/* A run of octets without an end of their own. */
struct piece {
    const char *at;
    size_t n;
};

/* Takes what stands before the next `stop` off `rest`, and the stop. */
static struct piece take(struct piece *rest, char stop)
{
    const char *end = rest->n != 0 ? memchr(rest->at, stop, rest->n) : NULL;
    struct piece first = {.at = rest->at, .n = end != NULL ? (size_t)(end - rest->at) : rest->n};
    size_t used = first.n + (end != NULL);
    rest->at += used;
    rest->n -= used;
    return first;
}

static void keep(struct queues *q, struct piece name, struct piece value)
{
    char digits[24];
    uint64_t number;
    if (value.n >= sizeof(digits))
        return;
    memcpy(digits, value.at, value.n);
    digits[value.n] = '\0';
    for (enum queues_counter c = 0; c < QUEUES_COUNTERS; c++) {
        const char *known = queues_counter_name(c);
        if (strlen(known) != name.n || memcmp(known, name.at, name.n) != 0)
            continue;
        q->counters[c].known = text_to_number(digits, 0, UINT64_MAX, &number);
        q->counters[c].value = q->counters[c].known ? number : 0;
    }
}

void queues_parse_netstat(struct queues *q, const char *text, size_t n)
{
    struct piece rest = {.at = text, .n = n};
    while (rest.n != 0) {
        struct piece names = take(&rest, '\n'), values = take(&rest, '\n');
        struct piece head = take(&names, ' '), again = take(&values, ' ');
        if (head.n != again.n || memcmp(head.at, again.at, head.n) != 0)
            return; /* no pair of lines */
        while (names.n != 0 && values.n != 0)
            keep(q, take(&names, ' '), take(&values, ' '));
    }
}
