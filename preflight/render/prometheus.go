package render

import (
	"io"
	"maps"
	"slices"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/proto"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// Prometheus writes the text exposition format, for node_exporter's textfile
// collector. Every check has its samples, zeros too, so that an alert can tell a
// check that found nothing from one that is gone.
func Prometheus(w io.Writer, r preflight.Report) error {
	x := exposition{w: w, cluster: []*dto.LabelPair{label("project", r.Cluster.Project), label("location", r.Cluster.Location), label("cluster", r.Cluster.Name)}}
	n := count(r)
	x.family("verdict", "1 for the verdict of the last run, 0 for the others.", func(sample sampler) {
		for _, v := range []preflight.Verdict{preflight.Ready, preflight.NotReady, preflight.Inconclusive} {
			sample(one(r.Verdict == v), label("verdict", string(v)))
		}
	})
	x.findings(r)
	x.causes(r)
	x.family("undecided", "1 for a check that has no answer, or none to a part of its question.", func(sample sampler) {
		for _, c := range byCheck(r) {
			open := slices.ContainsFunc(openOf(c), func(o preflight.OpenQuestion) bool { return !o.Waived })
			sample(one(open), label("check", c.ID), label("name", c.Name))
		}
	})
	x.gauge("waived_findings", "Findings that a waiver covers.", n.waived)
	x.gauge("waived_questions", "Open questions that a waiver covers.", n.accepted)
	x.gauge("skipped", "Answers that the run was told to leave alone, and that no waiver covers.", skippedUnwaived(r))
	x.gauge("facts_absent", "Facts that could not be read.", n.absent)
	x.gauge("collected_timestamp_seconds", "When the cluster was looked at.", int(r.CollectedAt.Unix()))
	x.family("info", "What the last run was about.", func(sample sampler) {
		sample(1, label("version", r.Cluster.Version), label("target_version", r.TargetVersion), label("tool", r.Tool))
	})
	return x.err
}

func (x *exposition) findings(r preflight.Report) {
	x.family("findings", "Findings by check and severity, without those that are waived.", func(sample sampler) {
		for _, c := range byCheck(r) {
			bySeverity := map[preflight.Severity]int{}
			for _, f := range c.findings {
				if !f.Waived {
					bySeverity[f.Severity]++
				}
			}
			for s := preflight.Info; s <= c.Severity; s++ {
				sample(float64(bySeverity[s]), label("check", c.ID), label("name", c.Name), label("severity", s.String()))
			}
		}
	})
}

func (x *exposition) causes(r preflight.Report) {
	bySeverity := map[preflight.Severity]int{}
	caused := map[[2]string]int{}
	for _, c := range preflight.Causes(r.Findings) {
		bySeverity[c.Lead.Severity]++
		for _, f := range c.Rest {
			caused[[2]string{f.Check, c.Lead.Check}]++
		}
	}
	x.family("causes", "Things that are wrong, by the severity of the worst finding that comes of each.", func(sample sampler) {
		for s := preflight.Info; s <= preflight.Blocker; s++ {
			sample(float64(bySeverity[s]), label("severity", s.String()))
		}
	})
	if len(caused) == 0 {
		return
	}
	x.family("caused_findings", "Findings that come of what another check found to be worst, by that check.", func(sample sampler) {
		for _, of := range slices.SortedFunc(maps.Keys(caused), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
			sample(float64(caused[of]), label("check", of[0]), label("cause", of[1]))
		}
	})
}

func skippedUnwaived(r preflight.Report) (n int) {
	for _, s := range r.Skipped {
		if !s.Waived {
			n++
		}
	}
	return n
}

// An exposition is what is written of a cluster, and the first error of that.
type exposition struct {
	w       io.Writer
	cluster []*dto.LabelPair
	err     error
}

// A sampler adds a sample to a family.
type sampler func(value float64, labels ...*dto.LabelPair)

// family writes a family of gauges with the samples that fill adds.
func (x *exposition) family(name, help string, fill func(sampler)) {
	f := &dto.MetricFamily{Name: proto.String("gke_preflight_" + name), Help: &help, Type: dto.MetricType_GAUGE.Enum()}
	fill(func(value float64, labels ...*dto.LabelPair) {
		f.Metric = append(f.Metric, &dto.Metric{Label: slices.Concat(x.cluster, labels), Gauge: &dto.Gauge{Value: &value}})
	})
	if x.err == nil {
		_, x.err = expfmt.MetricFamilyToText(x.w, f)
	}
}

// gauge writes a family of one sample.
func (x *exposition) gauge(name, help string, value int) {
	x.family(name, help, func(sample sampler) { sample(float64(value)) })
}

func label(name, value string) *dto.LabelPair { return &dto.LabelPair{Name: &name, Value: &value} }

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
