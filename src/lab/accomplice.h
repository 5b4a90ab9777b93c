/* A side of the lab as a figure's accomplice: its application acts, its kernel tells. */
#ifndef TCPSHAKE_LAB_ACCOMPLICE_H
#define TCPSHAKE_LAB_ACCOMPLICE_H

#include "lab/lab.h"
#include "probe/accomplice.h"

struct lab_end {
    struct lab *lab;
    enum lab_side side;
};

/* `end` lives as long as the accomplice. */
struct accomplice accomplice_of_lab(const struct lab_end *end);

#endif
