/* A walk that fails, made as short as it can be: steps are left out as long as it fails without
 * them. */
#ifndef TCPSHAKE_TEST_SHORTEN_H
#define TCPSHAKE_TEST_SHORTEN_H

#include "walkers.h"

enum {
    SHORTEN_TRIES = 80
};

/* `order` is of one walk, whose steps from the failing one on are left out already or not; on
 * return its `skipped` leaves only what the failure needs, and `found` is what the last failing
 * walk found, written as a figure. False when the walk does not fail again. */
bool shorten(struct walkers_order *order, struct walkers_found *found);
/* The steps that are left. */
size_t shorten_left(const struct walkers_order *order);
/* Whether the rows are a figure that can be played; else why not. */
bool shorten_is_figure(const char *rows, struct fault *fault);

#endif
