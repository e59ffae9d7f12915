/* mbus_master.h — the service that reads wired meters: buses, readout jobs, the readout schedule.
 *
 * Settings groups: bus1…bus16, mbus, readout, continuous. Job kind "readout", args
 * {"meters": "all" | [id…], "source": "manual" | "scheduled"}: every meter attempted is published as EV_READING, and a
 * job error names every one that failed, and every interface that is down. Passive meters are not read.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_MBUS_MASTER_H
#define PROTOCOLS_MBUS_MASTER_H

#include "core/service.h"

extern const struct service_ops mbus_master_service;

#endif
