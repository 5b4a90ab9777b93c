/* Conversations, live: clients of the driver. With a real host by a path (net/path.h); or between
 * two kernels, with a tap on the wire at either end, where what the pair passes on is put out on
 * the other side and everything else that crosses, ARP for one, just crosses. */
#ifndef TCPSHAKE_NET_LIVE_H
#define TCPSHAKE_NET_LIVE_H

#include "net/path.h"
#include "net/relay.h"
#include "talk/talks.h"

enum {
    LIVE_RX_LOSS_MAX = 90 /* percent */
};

/* Loss on purpose, for tests of judgement: of the packets that come from the peer, some are not
 * heard. Ours are always seen to leave. */
struct live_rx_loss {
    struct hash_key key; /* the run's, so that a seed repeats the pattern */
    unsigned percent;    /* at most LIVE_RX_LOSS_MAX */
    uint64_t came, missed;
};

struct live_run_config {
    unsigned deaf; /* percent of the peer's packets that are lost on purpose */
    const struct driver_remarks *remarks; /* who has remarks on the packets; NULL: nobody */
    int64_t within_ns; /* all of them together have this long; CLOCK_NEVER: no bound */
    struct driver_teller teller;
};

/* Gives up every privilege, then runs the conversations to their end. */
enum status live_run(struct path *path, const struct live_run_config *live, struct talks *talks,
                     struct fault *fault);

/* Gives up every privilege, starts the pair between the devices that lead to the ends, and runs it
 * to its end: the verdict and the summary are in the record then. `config` lacks `pass`, which is
 * filled in here; its deadline counts from the start. */
enum status live_pair(struct relay *relay, const struct driver_teller *teller, struct talk *p,
                      const struct talk_config *config, const struct script *script, void *state,
                      struct timeline *timeline, struct fault *fault);

/* Whether this captured packet, between `local` (our address) and `remote`, is to be passed over.
 * Decides anew each time: ask once for each packet. */
bool live_misses(struct live_rx_loss *l, const struct in6_addr *local,
                 const struct endpoint *remote, const uint8_t *ip, size_t n);

#endif
