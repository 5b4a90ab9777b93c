/* The lab as a figure's accomplice: its application acts, its kernel tells. */
#ifndef TCPSHAKE_LAB_ACCOMPLICE_H
#define TCPSHAKE_LAB_ACCOMPLICE_H

#include "lab/lab.h"
#include "probe/accomplice.h"

struct accomplice accomplice_of_lab(struct lab *lab);

#endif
