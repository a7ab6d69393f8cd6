package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/gke/rehearse"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/cure"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/manifest"
	"github.com/gke-preflight/gke-preflight/preflight/rehearsal"
	"github.com/gke-preflight/gke-preflight/preflight/render"
	"github.com/gke-preflight/gke-preflight/preflight/whatif"
)

// rehearseFlags say what is rehearsed, and with which programs.
type rehearseFlags struct {
	check     checkFlags
	programs  programFlags
	manifests []string
	events    []string
	withFix   bool
	kubelet   bool
}

func newRehearse() *cobra.Command {
	var f rehearseFlags
	var out outputFlags
	cmd := &cobra.Command{
		Use:   "rehearse [RECORDING]",
		Short: "Make the upgrade for real, on API servers of this machine's own",
		Long: `Starts etcd and a kube-apiserver of the cluster's minor on this machine, makes them
hold what was seen of the cluster, and starts the target's kube-apiserver beside
it. In place of the webhooks' backends answer stand-ins, as each was seen to. What
really becomes of the new replica is printed beside the forecast. It takes no root
and no container, and nothing is done to the cluster.

With --with-fix or --webhook it is started again afterwards, with what these change.
The report is then of that, and so is the exit code.

First, as a control, the cluster's own version is started once more: if that does not
get ready either, the rehearsal says that it proves nothing.

The programs are those of --binaries, or those that were built before, or they are
built from the published Go modules where Go is installed, or with --download
fetched from the release index of envtest and held against its checksums.

Exit codes: 0 the replica got ready, as was foretold, and nothing else stands in the
way; 1 could not run; 3 not ready, by the rehearsal or by the forecast; 4
inconclusive: they differ, or the rehearsal proves too little.`,
		Example: `  gke-preflight rehearse --snapshot prod.zip --target-version 1.36
  gke-preflight rehearse --target-version 1.36
  gke-preflight rehearse --snapshot prod.zip --with-fix
  gke-preflight rehearse --snapshot prod.zip --webhook webhooks.yaml
  gke-preflight rehearse --snapshot prod.zip --kubelet
  gke-preflight rehearse --snapshot prod.zip --with 'pod opa/opa-6b7f9c5d48-x2kqn gone'
  gke-preflight rehearse --snapshot prod.zip -o json=rehearsal.json -o table`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := errors.Join(out.validate(), f.check.recordingGiven(args)); err != nil {
				return err
			}
			r, err := f.report(cmd)
			if err != nil {
				return err
			}
			err = out.each(cmd, func(w io.Writer, name string, o render.Options) error {
				if name == "table" || name == "wide" {
					o.Wide = name == "wide"
					return render.Rehearsal(w, r, o)
				}
				format, _ := render.FormatOf(name)
				return format.Write(w, r, o)
			})
			if err != nil {
				return err
			}
			return out.exit(r.Verdict)
		},
	}
	f.check.bind(cmd)
	f.programs.bind(cmd)
	fs := cmd.Flags()
	fs.StringArrayVar(&f.events, "with", nil, `let this happen before, such as "pod opa/opa-0 gone", "node NAME gone", "zone NAME gone", "pool NAME upgraded" or "certificate of opa/opa:443 expired"; whatif for the shortest path that whatif finds; may be given several times`)
	complete(cmd, "with", shortest)
	fs.BoolVar(&f.withFix, "with-fix", false, "then apply the patches that fix finds, and start the target again")
	fs.StringArrayVar(&f.manifests, "webhook", nil, "then apply this manifest of webhooks or policies, - for standard input, and start the target again; may be given several times")
	fs.BoolVar(&f.kubelet, "kubelet", false, "restart the target as a kubelet does that has the liveness probe of GCE's manifest, for some minutes")
	out.bindFormats(cmd, "table", "wide", "markdown", "html", "json", "yaml")
	hide(cmd.Flags(), "show-passed", "quiet")
	return cmd
}

// report looks, judges what was seen, and rehearses it. The report is of the cluster as
// the last rehearsal has it.
func (f *rehearseFlags) report(cmd *cobra.Command) (preflight.Report, error) {
	rules, err := f.check.policy.rules(cmd, &f.check.clock)
	if err != nil {
		return preflight.Report{}, err
	}
	manifests, err := readManifests(cmd, f.manifests)
	if err != nil {
		return preflight.Report{}, err
	}
	s, err := f.check.snapshot(cmd, f.check.recording)
	if err != nil {
		return preflight.Report{}, err
	}
	s, played, err := f.play(waiting(s, f.check.patience, preflight.Ask{}))
	if err != nil {
		return preflight.Report{}, err
	}
	acts, err := f.acts(s, manifests)
	if err != nil {
		return preflight.Report{}, err
	}
	last := s
	if len(acts) > 0 {
		last = acts[len(acts)-1].Snapshot
	}
	r, err := reportUnder(last, rules)
	if err != nil {
		return r, err
	}
	all, err := f.run(cmd, rehearse.Options{Snapshot: s, Name: played, After: acts, Kubelet: f.kubelet})
	return repeating(cmd, f.check.recording, r.Rehearsed(all)), err
}

// shortest is the value of --with for the shortest path that whatif finds.
const shortest = "whatif"

// play has the events of --with happen, and says in words how that goes.
func (f *rehearseFlags) play(s *facts.Snapshot) (after *facts.Snapshot, how string, err error) {
	var events []whatif.Event
	for _, text := range f.events {
		if text == shortest {
			found, ok := whatif.Of(s).Shortest()
			if !ok {
				return nil, "", errors.New("--with whatif: whatif finds no events that would make a hook fail")
			}
			events = append(events, found...)
			continue
		}
		e, err := whatif.ParseEvent(text)
		if err != nil {
			return nil, "", fmt.Errorf("--with: %w", err)
		}
		events = append(events, e)
	}
	if events == nil {
		return s, "", nil
	}
	after, steps, err := whatif.Play(s, events)
	if err != nil {
		return nil, "", fmt.Errorf("--with: %w", err)
	}
	return after, strings.Join(steps, "; "), nil
}

// acts are what is to be done to the cluster after it was rehearsed as it is.
func (f *rehearseFlags) acts(s *facts.Snapshot, manifests []manifest.Manifest) (acts []rehearse.Act, err error) {
	if len(manifests) > 0 {
		if s, _, err = manifest.Apply(s, false, manifests...); err != nil {
			return nil, fmt.Errorf("--webhook %w", err)
		}
		acts = append(acts, rehearse.Act{Name: "with the manifests of --webhook", Snapshot: s})
	}
	if f.withFix {
		plan, patched := cure.With(s, cure.Options{})
		if len(plan.Cures) == 0 {
			return nil, errors.New("--with-fix: fix finds nothing to patch: rehearse without it")
		}
		acts = append(acts, rehearse.Act{Name: "with the patches of fix", Snapshot: patched})
	}
	return acts, nil
}

// run makes the rehearsals, and tells on the way what is being done.
func (f *rehearseFlags) run(cmd *cobra.Command, o rehearse.Options) ([]rehearsal.Result, error) {
	say := f.check.progress(cmd)
	defer say.clear()
	find, err := f.programs.finder(cmd, say)
	if err != nil {
		return nil, err
	}
	needed, err := rehearse.Programs(o.Snapshot)
	if err != nil {
		return nil, err
	}
	f.programs.announce(cmd, say, needed)
	o.Find, o.Say = find, say.say
	all, err := rehearse.Run(cmd.Context(), o)
	if interrupted := interruption(cmd.Context()); interrupted != nil {
		return nil, interrupted
	}
	return all, err
}
