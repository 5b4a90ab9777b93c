/* How many durations were how long, in fixed memory however many there are: buckets that are one
 * nanosecond wide below 256 ns and from there an equal share of each power of two, so that any
 * duration up to an hour is known to better than 0.4 %. Its ends and its moments are exact.
 * All times are ns. */
#ifndef TCPSHAKE_BASE_HISTOGRAM_H
#define TCPSHAKE_BASE_HISTOGRAM_H

#include <stdint.h>

enum {
    HISTOGRAM_SHARE_BITS = 7, /* 128 buckets a power of two: half of 1/128 is the error */
    HISTOGRAM_TOP_BITS = 42,  /* 2^42 ns is 73 minutes */
    HISTOGRAM_BUCKETS = (HISTOGRAM_TOP_BITS - HISTOGRAM_SHARE_BITS + 1) << HISTOGRAM_SHARE_BITS
};

/* About 37 kB: not for a stack that is small. */
struct histogram {
    uint64_t count;
    int64_t min_ns, max_ns; /* exact; meaningless while `count` is 0 */
    double mean_ns;         /* of all, exact; 0 while there are none */
    double squares;         /* sum of the squared distances from the mean */
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_init(struct histogram *h);

/* A duration below 0 counts as 0; one beyond the last bucket counts there, and is still the
 * maximum as it is. */
void histogram_record(struct histogram *h, int64_t ns);

/* Adds all that `from` holds, as if it had been recorded here. */
void histogram_merge(struct histogram *h, const struct histogram *from);

/* What ping calls mdev: the root of the mean square less the squared mean. 0 when there is none. */
double histogram_mdev(const struct histogram *h);

/* The smallest duration that at least `percent` of all do not exceed (nearest rank), within 0.4 %;
 * 0 and 100 are the exact ends. 0 when there is none. */
int64_t histogram_percentile(const struct histogram *h, double percent);

/* How many are shorter than `ns`, as far as the buckets tell: those in its own bucket are not
 * counted. */
uint64_t histogram_below(const struct histogram *h, int64_t ns);

#endif
