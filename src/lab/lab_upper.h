/* The upper tester of a side of the lab: its application acts, its kernel tells. */
#ifndef TCPSHAKE_LAB_LAB_UPPER_H
#define TCPSHAKE_LAB_LAB_UPPER_H

#include "lab/lab.h"
#include "talk/upper.h"

struct lab_upper {
    struct lab *lab;
    enum end side;
};

/* `end` lives as long as what is returned. */
struct upper lab_upper_ops(const struct lab_upper *end);

#endif
