package google

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// quotaKept are the quotas that nodes draw on.
var quotaKept = regexp.MustCompile(`^((PREEMPTIBLE_)?([A-Z0-9]+_)?CPUS|(PREEMPTIBLE_)?NVIDIA_[A-Z0-9_]+_GPUS|INSTANCES|IN_USE_ADDRESSES|(DISKS|SSD|HDB|LOCAL_SSD)_TOTAL_GB|PREEMPTIBLE_LOCAL_SSD_GB)$`)

// readQuotas reads the quotas of the region that the cluster is in.
func (a *API) readQuotas(ctx context.Context) (facts.RegionQuotas, string, error) {
	region, err := a.compute.region(ctx, a.name.Project, regionOf(a.name.Location))
	if err != nil {
		return facts.RegionQuotas{}, a.name.Project, err
	}
	return regionQuotas(region), a.name.Project, nil
}

func regionQuotas(r region) facts.RegionQuotas {
	out := facts.RegionQuotas{Region: r.Name, Quotas: []facts.Quota{}}
	for _, q := range r.Quotas {
		if quotaKept.MatchString(q.Metric) && !strings.HasPrefix(q.Metric, "COMMITTED_") {
			out.Quotas = append(out.Quotas, facts.Quota{Metric: q.Metric, Limit: q.Limit, Usage: q.Usage})
		}
	}
	slices.SortFunc(out.Quotas, func(x, y facts.Quota) int { return strings.Compare(x.Metric, y.Metric) })
	return out
}

// zone is how a zone is named: its region, and a letter.
var zone = regexp.MustCompile(`^(.+[0-9])-[a-z]$`)

func regionOf(location string) string { return zone.ReplaceAllString(location, "$1") }
