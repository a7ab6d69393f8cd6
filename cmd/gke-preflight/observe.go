package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/gke"
	"github.com/gke-preflight/gke-preflight/gke/dial"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
)

// observeFlags say which cluster to look at, and how to ask its backends.
type observeFlags struct {
	clusterFlags
	vantage      string
	serverDryRun string
	portForward  string
	impersonate  string
}

func (o *observeFlags) bind(cmd *cobra.Command) {
	o.clusterFlags.bind(cmd)
	choose(cmd, &o.vantage, "vantage", "", "auto", "where webhooks are asked from: service-proxy (through the API server), pod-network (directly), auto",
		"auto", string(facts.ServiceProxy), string(facts.PodNetwork))
	choose(cmd, &o.serverDryRun, "server-dry-run", "", "auto", "let the API server try each write itself, changing nothing: auto (where permitted), never, always",
		string(probe.Auto), string(probe.Never), string(probe.Always))
	choose(cmd, &o.portForward, "port-forward", "", "auto", "look at the certificates of webhooks' Pods through port-forwards, where the service proxy does not show them: auto (where permitted), never",
		"auto", "never")
	choose(cmd, &o.impersonate, "impersonate", "", "auto", "make server-side dry-runs as a starting API server does, by impersonating system:apiserver, a member of system:masters: auto (where permitted), never",
		"auto", "never")
}

// observe reads the facts, asks the backends and returns what it saw.
func (o *observeFlags) observe(cmd *cobra.Command) (*facts.Snapshot, error) {
	say := o.progress(cmd)
	defer say.clear()
	return o.look(cmd.Context(), say)
}

// look is observe for flags that were validated. Copies of the flags may look at
// different clusters at the same time.
func (o observeFlags) look(ctx context.Context, say *progress) (*facts.Snapshot, error) {
	var seen *facts.Snapshot
	err := o.inTime(ctx, func(ctx context.Context) error {
		s, conn, err := o.collect(ctx, say)
		if err != nil {
			return err
		}
		defer conn.Close()
		// What is asked about hangs on what is said to be asked.
		m := s.Meta
		m.PerEndpoint, m.NodeWrites = true, true
		s = s.WithMeta(m)
		attempts, outbound := o.ask(ctx, conn, s, say)
		seen = s.With(facts.Present(facts.Attempts, attempts), facts.Present(facts.OutboundAttempts, outbound))
		return nil
	})
	return seen, err
}

// ask puts the questions to the backends, those of admission and the others side by side.
func (o *observeFlags) ask(ctx context.Context, conn *gke.Connection, s *facts.Snapshot, say *progress) (attempts, outbound []facts.Attempt) {
	vantage := facts.Vantage(o.vantage)
	if o.vantage == "auto" {
		vantage = facts.ServiceProxy
		if conn.InCluster {
			vantage = facts.PodNetwork
		}
	}
	options := probe.Options{
		Vantage:      vantage,
		PortForward:  o.portForward != "never",
		ServerDryRun: probe.DryRun(o.serverDryRun),
	}
	clients := dial.Clients{
		Config:    conn.Kubernetes,
		Identity:  s.Meta.Identity,
		AsOneself: o.impersonate == "never",
		Requests:  o.gke.Requests,
		Inside:    vantage == facts.PodNetwork,
		Progress:  func(done, total int) { say.say("probing webhooks %d/%d", done, total) },
	}
	writes := probe.All(s)
	shown := probe.Show(s, writes, dial.Objects(ctx, probe.Wanted(writes), clients))
	requests := append(probe.Plan(s, shown.First(), options), probe.Outbound(s, options)...)
	attempts, outbound = []facts.Attempt{}, []facts.Attempt{}
	for _, a := range dial.Probe(ctx, requests, clients) {
		if probe.IsOutbound(a) {
			outbound = append(outbound, a)
		} else {
			attempts = append(attempts, a)
		}
	}
	if second := shown.Second(attempts); second != nil {
		attempts = append(attempts, dial.Probe(ctx, probe.Plan(s, second, options), clients)...)
	}
	return shown.Judged(attempts), outbound
}
