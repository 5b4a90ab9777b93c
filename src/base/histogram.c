/* See histogram.h. The mean and the squares are kept as Welford (1962) does and joined as Chan,
 * Golub and LeVeque (1983) do: the difference of two large sums would lose a jitter of microseconds
 * on delays of seconds. */
#include "base/histogram.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* Durations that have a bucket of their own. */
#define EXACT (UINT64_C(2) << HISTOGRAM_SHARE_BITS)

void histogram_init(struct histogram *h)
{
    memset(h, 0, sizeof(*h));
}

/* The first two shares are exact, each later one is a power of two. */
static size_t bucket_of(int64_t ns)
{
    const uint64_t top = (UINT64_C(1) << HISTOGRAM_TOP_BITS) - 1;
    uint64_t v = ns < 0 ? 0 : (uint64_t)ns;
    unsigned octave = 0;
    if (v > top)
        v = top;
    while (v >> octave >= EXACT)
        octave++;
    return ((size_t)octave << HISTOGRAM_SHARE_BITS) + (size_t)(v >> octave);
}

/* The shortest duration that falls into the bucket. */
static int64_t floor_of(size_t bucket)
{
    size_t octave = bucket < EXACT ? 0 : (bucket >> HISTOGRAM_SHARE_BITS) - 1;
    return (int64_t)(bucket - (octave << HISTOGRAM_SHARE_BITS)) << octave;
}

void histogram_record(struct histogram *h, int64_t ns)
{
    if (ns < 0)
        ns = 0;
    if (h->count == 0 || ns < h->min_ns)
        h->min_ns = ns;
    if (h->count == 0 || ns > h->max_ns)
        h->max_ns = ns;
    h->count++;
    double off = (double)ns - h->mean_ns;
    h->mean_ns += off / (double)h->count;
    h->squares += off * ((double)ns - h->mean_ns);
    h->buckets[bucket_of(ns)]++;
}

void histogram_merge(struct histogram *h, const struct histogram *from)
{
    if (from->count == 0)
        return;
    if (h->count == 0) {
        *h = *from;
        return;
    }
    double here = (double)h->count, there = (double)from->count;
    double apart = from->mean_ns - h->mean_ns;
    h->squares += from->squares + apart * apart * here * there / (here + there);
    h->mean_ns += apart * there / (here + there);
    h->count += from->count;
    h->min_ns = from->min_ns < h->min_ns ? from->min_ns : h->min_ns;
    h->max_ns = from->max_ns > h->max_ns ? from->max_ns : h->max_ns;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        h->buckets[i] += from->buckets[i];
}

double histogram_mdev(const struct histogram *h)
{
    return h->count != 0 ? sqrt(h->squares / (double)h->count) : 0;
}

/* The middle of the bucket, unless no duration of it can have been there. */
static int64_t value_of(const struct histogram *h, size_t bucket)
{
    int64_t low = floor_of(bucket);
    int64_t v = low + (floor_of(bucket + 1) - low) / 2;
    if (v < h->min_ns)
        return h->min_ns;
    return v > h->max_ns ? h->max_ns : v;
}

int64_t histogram_percentile(const struct histogram *h, double percent)
{
    if (h->count == 0)
        return 0;
    /* A product such as 0.07 * 100 may end up a hair above the whole number that it is. */
    double rank = ceil(percent / 100 * (double)h->count - 1e-9);
    if (rank <= 1)
        return h->min_ns;
    if (rank >= (double)h->count)
        return h->max_ns;
    uint64_t seen = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
        seen += h->buckets[i];
        if ((double)seen >= rank)
            return value_of(h, i);
    }
    return h->max_ns; /* beyond the last bucket nothing is known but the end */
}

uint64_t histogram_below(const struct histogram *h, int64_t ns)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < bucket_of(ns); i++)
        sum += h->buckets[i];
    return sum;
}
