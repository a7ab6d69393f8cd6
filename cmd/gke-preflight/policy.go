package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/checks"
	"github.com/gke-preflight/gke-preflight/docs"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/policy"
	"github.com/gke-preflight/gke-preflight/preflight/render"
)

// policyVariable names a policy file where the flag does not.
const policyVariable = "GKE_PREFLIGHT_POLICY"

// policyFlags say what to accept, until when, and what an earlier report held.
type policyFlags struct {
	file      string
	accept    []string
	baseline  string
	failOnNew bool
	// before is the recording that baseline names; nil where it names a report, or none.
	before *facts.Snapshot
	// only and skip are what the run is about, and what it is not.
	only, skip []string
}

func (p *policyFlags) bind(cmd *cobra.Command) {
	p.bindAccepted(cmd)
	fs := cmd.Flags()
	fs.StringVar(&p.baseline, "baseline", "", "compare with this report, which check wrote with -o json or -o yaml; or with this recording, also by the Pods that are ready")
	fs.BoolVar(&p.failOnNew, "fail-on-new", false, "accept findings that are no worse in the baseline, so that only new ones block")
}

// bindAccepted adds the flags that say what to accept, without those of a baseline.
func (p *policyFlags) bindAccepted(cmd *cobra.Command) {
	p.bindFile(cmd)
	fs := cmd.Flags()
	fs.StringSliceVar(&p.accept, "accept", nil, "for this run accept what these checks find or leave open, by ID or name; it stays in the report")
	completeChecks(cmd, "accept", false)
}

// bindChoice adds the flags that say what the run is about.
func (p *policyFlags) bindChoice(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringSliceVar(&p.only, "only", nil, "ask only these checks, by ID, name or family such as GP1, and tell only of namespace/NAME; the rest is listed as skipped, and then nothing is called ready without a waiver")
	fs.StringSliceVar(&p.skip, "skip", nil, "skip these checks, by ID, name or family such as GP4, or what is found in namespace/NAME; likewise")
	completeChecks(cmd, "only", true)
	completeChecks(cmd, "skip", true)
}

func (p *policyFlags) bindFile(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.file, "policy", "", "file with severities, thresholds and waivers; default: $"+policyVariable+", then none")
}

// rules reads what the flags name, before anything is collected.
func (p *policyFlags) rules(cmd *cobra.Command, clock *clockFlags) (policy.Rules, error) {
	rules := policy.Rules{FailOnNew: p.failOnNew, Day: clock.day(), MaxAge: clock.maxAge}
	if p.failOnNew && p.baseline == "" {
		return rules, fmt.Errorf("--fail-on-new: new since when? Add --baseline REPORT")
	}
	if err := clock.validate(); err != nil {
		return rules, err
	}
	for _, name := range p.accept {
		id, err := policy.CheckID(name, append(checks.All(), policy.Own()...))
		if err != nil {
			return rules, fmt.Errorf("--accept: %w", err)
		}
		rules.Accept = append(rules.Accept, id)
	}
	var err error
	if rules.Only, err = choices("--only", p.only); err != nil {
		return rules, err
	}
	if rules.Skip, err = choices("--skip", p.skip); err != nil {
		return rules, err
	}
	if !cmd.Flags().Changed("policy") {
		p.file = os.Getenv(policyVariable)
	}
	if p.file != "" {
		var err error
		if rules.Policy, err = readPolicy(cmd, p.file, rules.Day); err != nil {
			return rules, err
		}
	}
	if p.baseline != "" {
		if rules.Baseline, err = p.readBaseline(cmd); err != nil {
			return rules, fmt.Errorf("--baseline%w", err)
		}
	}
	return rules, nil
}

// readBaseline is the earlier report, or that of the earlier recording, which it keeps. The
// error goes on from the flag's name.
func (p *policyFlags) readBaseline(cmd *cobra.Command) (*preflight.Report, error) {
	b, err := readFile(cmd.InOrStdin(), p.baseline)
	if err != nil {
		return nil, fmt.Errorf(": %w", err)
	}
	if bytes.HasPrefix(b, []byte("PK")) {
		if p.before, err = facts.LoadZip(b); err != nil {
			return nil, fmt.Errorf(" %s: %w", p.baseline, err)
		}
		r := report(p.before, 0)
		return &r, nil
	}
	r, err := render.Parse(b)
	if err != nil {
		return nil, fmt.Errorf(" %s: %w", p.baseline, otherThan(p.baseline, b, err))
	}
	return &r, nil
}

// since is s as seen after the recording that --baseline names, if it names one.
func (p *policyFlags) since(s *facts.Snapshot) (*facts.Snapshot, error) {
	if p.before == nil {
		return s, nil
	}
	if at := p.before.Meta.CollectedAt; at.After(s.Meta.CollectedAt) {
		return nil, fmt.Errorf("--baseline %s: it was recorded at %s, after what it is compared with was seen", p.baseline, at.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	return s.After(p.before), nil
}

func choices(flag string, given []string) ([]policy.Choice, error) {
	var all []policy.Choice
	for _, text := range given {
		c, err := policy.ParseChoice(text, checks.All())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
		all = append(all, c)
	}
	return all, nil
}

func readPolicy(cmd *cobra.Command, file string, day time.Time) (*policy.Policy, error) {
	b, err := readFile(cmd.InOrStdin(), file)
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	return policy.Parse(file, b, checks.All(), day)
}

// reportUnder is the pure part: equal snapshots under equal rules give equal reports.
func reportUnder(s *facts.Snapshot, rules policy.Rules) (preflight.Report, error) {
	if rules.Baseline != nil {
		c := s.Meta.Cluster
		if err := policy.SameCluster(*rules.Baseline, c.Project, c.Location, c.Name); err != nil {
			return preflight.Report{}, fmt.Errorf("--baseline: %w", err)
		}
	}
	return policy.Apply(s, preflight.Run(s, checks.All()), forecast.Of(s), rules), nil
}

func newPolicy() *cobra.Command {
	var clock clockFlags
	var schema bool
	cmd := &cobra.Command{
		Use:   "policy FILE",
		Short: "Validate a policy file, and show what it says",
		Long: `Reads a policy file as check --policy does, and shows the severities and
thresholds that it moves and its waivers: those in force, those that end soon and
those that have expired. Every mistake is named with its line. No cluster is needed. FILE may be -
for standard input.

With --schema it prints what an editor needs to complete and check such a file: see
"gke-preflight explain policy".

Exit codes: 0 the file is valid; 1 it is not.`,
		Example: `  gke-preflight policy policy.yaml
  gke-preflight policy policy.yaml --as-of 2026-12-31
  gke-preflight policy --schema > policy.schema.json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if schema {
				return cobra.NoArgs(cmd, args)
			}
			return cobra.ExactArgs(1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if schema {
				_, err := io.WriteString(cmd.OutOrStdout(), docs.PolicySchema)
				return err
			}
			on := clock.day()
			p, err := readPolicy(cmd, args[0], on)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			return render.Policy(out, p, on, terminal(out).options())
		},
	}
	clock.bindAsOf(cmd.Flags(), "judge waivers as of this day, such as 2026-12-31; default: today (UTC)")
	cmd.Flags().BoolVar(&schema, "schema", false, "print the JSON schema of policy files, for editors")
	return cmd
}
