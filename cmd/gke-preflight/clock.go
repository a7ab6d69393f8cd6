package main

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/policy"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
)

// clockFlags say which time a run judges for, and how old what it judges may be.
type clockFlags struct {
	asOf   moment
	maxAge time.Duration
	// began is when the run did; zero until somebody asks.
	began time.Time
}

func (c *clockFlags) bind(fs *pflag.FlagSet) {
	c.bindAsOf(fs, "judge as of this time, such as 2026-12-31 or 2026-12-31T08:00:00Z: waivers, certificates and the age of a recording count to it; default: now")
	fs.DurationVar(&c.maxAge, "max-age", 24*time.Hour, "how old what was seen may be, counted to --as-of: when it is older, ready becomes inconclusive; 0 for any age")
}

func (c *clockFlags) bindAsOf(fs *pflag.FlagSet, usage string) { fs.Var(&c.asOf, "as-of", usage) }

func (c *clockFlags) validate() error {
	if c.maxAge < 0 {
		return fmt.Errorf("--max-age: %v is no age: pass one such as 24h, or 0 for any", c.maxAge)
	}
	return nil
}

// time is that of --as-of, or when the run began. Nothing else in a report comes from
// a clock, but when the cluster was seen.
func (c *clockFlags) time() time.Time {
	if !c.asOf.IsZero() {
		return c.asOf.Time
	}
	if c.began.IsZero() {
		c.began = time.Now().UTC().Truncate(time.Second)
	}
	return c.began
}

// day is that on which waivers are judged.
func (c *clockFlags) day() time.Time { return policy.Day(c.time()) }

// farthest is how far from what was seen a time may be for which it is judged: nothing
// lasts so long that is looked at, and a year that is meant has four digits.
const farthest = 10 * 365 * 24 * time.Hour

// judged is s as of the time of the run, without the evidence that has lapsed by then.
func (c *clockFlags) judged(s *facts.Snapshot) (*facts.Snapshot, error) {
	m := s.Meta
	if far := c.asOf.Sub(m.CollectedAt).Abs(); !c.asOf.IsZero() && far > farthest {
		return nil, fmt.Errorf("--as-of %s is more than ten years from %s, when the cluster was seen", c.asOf.Format(time.DateOnly), m.CollectedAt.UTC().Format(time.DateOnly))
	}
	m.AsOf = c.time()
	return probe.AsOf(s.WithMeta(m)), nil
}

// A moment is a flag's day, which begins at midnight UTC, or time; zero for none.
type moment struct{ time.Time }

// String implements [pflag.Value].
func (m *moment) String() string {
	if m.IsZero() {
		return ""
	}
	return m.Format(time.RFC3339)
}

// Type implements [pflag.Value].
func (m *moment) Type() string { return "time" }

// Set implements [pflag.Value].
func (m *moment) Set(text string) error {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			m.Time = t.UTC()
			return nil
		}
	}
	return fmt.Errorf("%q is no time: write it as 2026-12-31 or 2026-12-31T08:00:00Z", text)
}
