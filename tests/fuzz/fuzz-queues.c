/* /proc/net/netstat as no kernel writes it: whatever it says, a counter is known with the number
 * that stands there, or not known and nothing. */
#include "fuzz.h"

#include "measure/backlog/queues.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct queues q = {0}, again = {0};
    queues_parse_netstat(&q, (const char *)data, n);
    for (enum queues_counter c = 0; c < QUEUES_COUNTERS; c++)
        fuzz_require(q.counters[c].known || q.counters[c].value == 0);
    fuzz_require(!q.listens && q.accept_len == 0 && q.syn_len == 0);
    queues_parse_netstat(&again, (const char *)data, n);
    for (enum queues_counter c = 0; c < QUEUES_COUNTERS; c++)
        fuzz_require(q.counters[c].known == again.counters[c].known &&
                     q.counters[c].value == again.counters[c].value);
    return 0;
}
