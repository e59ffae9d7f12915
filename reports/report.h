/* report.h — the service `reports`: by schedule or by hand it collects readouts, renders, delivers and marks them.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REPORTS_REPORT_H
#define REPORTS_REPORT_H

#include "core/service.h"

extern const struct service_ops reports_service;

#endif
