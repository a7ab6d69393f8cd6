package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/go-version"
)

// An era is from when on the provider waits for an update for so long, unless told
// otherwise (Timeouts of resource_container_cluster.go and resource_container_node_pool.go;
// its CHANGELOG, of 7.30.0 and 7.42.0; google-beta has the same).
type era struct {
	since             string
	cluster, nodePool time.Duration
}

var eras = []era{
	{"", time.Hour, 30 * time.Minute},
	{"7.30", 90 * time.Minute, time.Hour},
	{"7.42", 90 * time.Minute, 2 * time.Hour},
}

func (e era) of(kind string) time.Duration {
	if kind == nodePoolType {
		return e.nodePool
	}
	return e.cluster
}

// A provider is what the configuration says of the version of a resource's provider:
// a plan does not hold the version itself.
type provider []version.Constraints

// eras are those that the version can be of: all of them where nothing is said.
func (p provider) eras() []era {
	var possible []era
	for i, e := range eras {
		until := ""
		if i+1 < len(eras) {
			until = eras[i+1].since
		}
		if p.admits(e.since, until) {
			possible = append(possible, e)
		}
	}
	if len(possible) == 0 {
		return eras
	}
	return possible
}

// newest is a minor that no release of a major has reached: releases are tried up to it.
const newest = 80

// admits reports whether a release from since on and before until fits. Releases are
// tried one by one, and with them what the constraints name themselves.
func (p provider) admits(since, until string) bool {
	fits := func(v *version.Version) bool {
		if since != "" && v.LessThan(version.Must(version.NewVersion(since))) || until != "" && !v.LessThan(version.Must(version.NewVersion(until))) {
			return false
		}
		for _, c := range p {
			if !c.Check(v) {
				return false
			}
		}
		return true
	}
	for _, c := range p {
		for _, one := range c {
			if v, err := version.NewVersion(strings.TrimLeft(one.String(), "<>=!~ ")); err == nil && fits(v) {
				return true
			}
		}
	}
	for major := 3; major <= 9; major++ {
		for minor := range newest {
			if fits(version.Must(version.NewVersion(fmt.Sprintf("%d.%d.0", major, minor)))) {
				return true
			}
		}
	}
	return false
}

// presets says in words how long the provider waits by itself, and returns the bounds.
func presets(kind string, possible []era) (words string, least, most time.Duration) {
	var later []string
	for _, e := range possible {
		d := e.of(kind)
		switch {
		case words == "":
			words, least, most = short(d), d, d
		case d != most:
			later = append(later, fmt.Sprintf("%s since %s", short(d), e.since))
			most = d
		}
	}
	if later != nil {
		words += " (" + strings.Join(later, ", ") + ")"
	}
	return words, least, most
}

// waits reads how long the provider waits for an update.
func (c *change) waits(kind string, possible []era) {
	c.patience(kind, possible)
	for i := range c.up.Pools {
		c.up.Pools[i].TimeoutSeconds, c.up.Pools[i].TimeoutMostSeconds = int64(c.up.Timeout.Seconds()), int64(c.up.TimeoutMost.Seconds())
	}
}

func (c *change) patience(kind string, possible []era) {
	words, least, most := presets(kind, possible)
	c.up.Timeout, c.up.TimeoutMost = least, most
	timeouts, _ := c.after["timeouts"].(map[string]any)
	given, _ := timeouts["update"].(string)
	d, err := time.ParseDuration(given)
	switch {
	case given == "":
		if least != most {
			c.up.Waits = "the provider waits " + words + "; its version is not in the plan"
		}
		return
	case err != nil || d <= 0:
		c.up.Warnings = append(c.up.Warnings, fmt.Sprintf("timeouts.update %q is no duration such as 60m", given))
		return
	}
	c.up.Timeout, c.up.TimeoutMost = d, d
	than := "less than the provider's own"
	if d >= least {
		than = "where the provider itself waits"
	}
	if d < most {
		c.up.Warnings = append(c.up.Warnings, fmt.Sprintf("timeouts.update is %s, %s %s: when it is over the pipeline fails, while GKE goes on", given, than, words))
	}
}

func short(d time.Duration) string { return fmt.Sprintf("%dm", int(d.Minutes())) }
