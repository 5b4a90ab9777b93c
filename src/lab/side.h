/* A side of the lab as a figure's accomplice: its application acts, its kernel tells. */
#ifndef TCPSHAKE_LAB_SIDE_H
#define TCPSHAKE_LAB_SIDE_H

#include "lab/lab.h"
#include "probe/accomplice.h"

struct side {
    struct lab *lab;
    enum lab_side side;
};

/* `end` lives as long as the accomplice. */
struct accomplice side_accomplice(const struct side *end);

#endif
