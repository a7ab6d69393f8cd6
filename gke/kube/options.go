package kube

import (
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// Options say how to read. The zero value is good for any cluster.
type Options struct {
	// Version is the version of gke-preflight, for the user agent.
	Version string
	// RequestTimeout bounds each request; zero for the timeout of the
	// configuration, or 30 seconds where that has none.
	RequestTimeout time.Duration
	// Timeout bounds the whole; zero for three minutes.
	Timeout time.Duration
	// PageSize is the number of objects asked for at a time; zero for 500.
	PageSize int64
	// MaxBody is how many bytes of one answer are read; zero for 256 MiB, which no page
	// of a list comes near.
	MaxBody int64
	// Pause is how long to wait before a request that failed is made again; zero for
	// half a second.
	Pause time.Duration
	// Helm lets the Secrets of Helm releases be read; no other Secret ever is.
	Helm bool
	// Progress, if not nil, is called once for each fact as soon as it is read or
	// given up, one call at a time.
	Progress func(facts.Observation)
}

// atOnce is the number of requests under way at the same time. The client's own
// rate limit is off: API Priority and Fairness looks after the server.
const atOnce = 12

func (o Options) withDefaults(configured time.Duration) Options {
	if o.RequestTimeout == 0 {
		o.RequestTimeout = configured
	}
	if o.RequestTimeout == 0 {
		o.RequestTimeout = 30 * time.Second
	}
	if o.Timeout == 0 {
		o.Timeout = 3 * time.Minute
	}
	if o.PageSize == 0 {
		o.PageSize = 500
	}
	if o.MaxBody == 0 {
		o.MaxBody = 256 << 20
	}
	if o.Pause == 0 {
		o.Pause = 500 * time.Millisecond
	}
	if o.Progress == nil {
		o.Progress = func(facts.Observation) {}
	}
	return o
}
