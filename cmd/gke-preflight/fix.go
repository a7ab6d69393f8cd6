package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/cure"
	"github.com/gke-preflight/gke-preflight/preflight/render"
)

// fixFlags say what to find patches for, and where to write them.
type fixFlags struct {
	observe   observeFlags
	recording string
	out       string
	force     bool
	way       string
	kinds     []string
	all       bool
	format    string
	exitZero  bool
}

func newFix() *cobra.Command {
	var f fixFlags
	cmd := &cobra.Command{
		Use:   "fix",
		Short: "Find the patches that let the upgrade through, and prove them",
		Long: `Looks at the cluster as check does. For each webhook or policy that stands in
the upgrade's way it finds a patch, applies that to the recording and foretells
again, and prints what comes of it before and after. Nothing is applied to the
cluster: that is for you to do.

What is tried, in this order: matchConditions that exempt the API server and those
whom it harms; rules narrowed to the kinds of --kinds; a namespaceSelector; a
shorter timeout; failurePolicy Ignore. A patch applies only where the object still
is as it was seen.

--out writes a JSON patch and a manifest for server-side apply for each object, and
a README.md. It never replaces a file unless --force is given.

Exit codes are those of a check of the patched cluster: 0 it would be ready; 1 could
not run; 3 it would not be ready even so; 4 it could not be told.`,
		Example: `  gke-preflight fix --target-version 1.36
  gke-preflight fix --out cures --kinds opa-validating-webhook=services,ingresses.networking.k8s.io
  gke-preflight fix --snapshot prod.zip --all
  gke-preflight fix --snapshot prod.zip -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.observe.bind(cmd)
	f.observe.clock.bind(cmd.Flags())
	fs := cmd.Flags()
	fs.StringVar(&f.recording, "snapshot", "", "patch this recording instead of what a live cluster shows")
	fs.StringVar(&f.out, "out", "", "directory to write the patches to; it is made if need be")
	fs.BoolVar(&f.force, "force", false, "replace files in the directory of --out")
	choose(cmd, &f.way, "way", "", "", "try this way only: "+strings.Join(wayNames(), ", "), wayNames()...)
	fs.StringArrayVar(&f.kinds, "kinds", nil, "what a configuration is for, as NAME=services,ingresses.networking.k8s.io: narrow its rules to that; may be given several times")
	fs.BoolVar(&f.all, "all", false, "try every way, and say what comes of each")
	choose(cmd, &f.format, "output", "o", "table", "format: table, wide or json", "table", "wide", "json")
	fs.BoolVar(&f.exitZero, "exit-zero", false, "exit 0 whatever the verdict")
	return cmd
}

func wayNames() []string {
	var names []string
	for _, w := range cure.Ways() {
		names = append(names, string(w))
	}
	return names
}

func (f *fixFlags) run(cmd *cobra.Command) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	clock := &f.observe.clock
	if err := clock.validate(); err != nil {
		return err
	}
	s, err := f.observe.snapshot(cmd, f.recording)
	if err != nil {
		return err
	}
	plan, patched := cure.With(s, o)
	if err := known(plan, o.Kinds); err != nil {
		return err
	}
	r := cure.Report{Plan: plan, Verdict: report(s, clock.maxAge).Verdict, Patched: report(patched, clock.maxAge).Verdict}
	if f.out != "" {
		files, err := cureFiles(r)
		if err == nil {
			err = writeAll(f.out, files, f.force)
		}
		if err != nil {
			return fmt.Errorf("--out %w", err)
		}
	}
	if err := f.print(cmd, r); err != nil {
		return err
	}
	if code := r.Patched.ExitCode(); code != preflight.ExitReady && !f.exitZero {
		return exitCode(code)
	}
	return nil
}

func (f *fixFlags) options() (cure.Options, error) {
	o := cure.Options{Way: cure.Way(f.way), All: f.all, Alone: true, Kinds: map[string][]schema.GroupResource{}}
	for _, k := range f.kinds {
		name, list, ok := strings.Cut(k, "=")
		if !ok || name == "" {
			return o, fmt.Errorf("--kinds: %q is not of the form NAME=RESOURCE,RESOURCE.GROUP", k)
		}
		kinds, err := cure.ParseKinds(list)
		if err != nil {
			return o, fmt.Errorf("--kinds: %w", err)
		}
		o.Kinds[name] = append(o.Kinds[name], kinds...)
	}
	return o, nil
}

// known finds a name of --kinds that is nobody's who stands in the way.
func known(p cure.Plan, kinds map[string][]schema.GroupResource) error {
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		of := func(c cure.Cure) bool { return c.Name == name }
		left := func(l cure.Left) bool { return l.Name == name }
		if !slices.ContainsFunc(p.Cures, of) && !slices.ContainsFunc(p.Precautions, of) && !slices.ContainsFunc(p.Left, left) {
			return fmt.Errorf("--kinds: no webhook configuration named %q stands in the upgrade's way", name)
		}
	}
	return nil
}

func (f *fixFlags) print(cmd *cobra.Command, r cure.Report) error {
	out := cmd.OutOrStdout()
	if f.format == "json" {
		return render.JSON(out, r)
	}
	o := terminal(out).options()
	o.Wide = f.format == "wide"
	return render.Fix(out, r, o)
}
