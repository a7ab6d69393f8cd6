package addons

import (
	"cmp"
	"errors"
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/utils/ptr"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/manifest"
	"github.com/gke-preflight/gke-preflight/preflight/simulation"
)

// Judge fills in of the row what comes of the manifest on every step that the catalogue
// holds. It is an error if the API server would refuse it.
func Judge(r Row, m manifest.Manifest) (Row, error) {
	minors := bootstrap.Minors()
	j := judge{row: r, lost: map[string]*Lost{}}
	steps := simulation.Steps(minors[0], minors[len(minors)-1])
	for _, s := range steps {
		if err := j.step(s, m); err != nil {
			return r, err
		}
	}
	for _, l := range j.order {
		if len(l.Only) == len(steps) {
			l.Only = nil
		}
		j.row.Lost = append(j.row.Lost, *l)
	}
	slices.SortStableFunc(j.row.Lost, func(a, b Lost) int {
		return cmp.Compare(slices.Index(simulation.Parts(), a.Part), slices.Index(simulation.Parts(), b.Part))
	})
	return j.row, nil
}

type judge struct {
	row   Row
	lost  map[string]*Lost
	order []*Lost
}

func (j *judge) step(step simulation.Step, m manifest.Manifest) error {
	observations, _ := bootstrap.Untouched(step.From)
	s := facts.New(facts.Meta{Target: step.To}, observations...)
	after, added, err := manifest.Apply(s, true, m)
	if errors.Is(err, manifest.ErrNothing) {
		j.nothing(step, m.Registers(s))
		return nil
	}
	if err != nil {
		return err
	}
	down, well := simulation.With(after, &added, simulation.Down), simulation.With(after, &added, simulation.Well)
	j.registered(after, added)
	if down.Verdict == simulation.NoEffect && slices.ContainsFunc(j.row.Registers, func(r Registered) bool { return r.Webhook != "" }) {
		// Webhooks without rules are there to be filled in.
		down.Verdict, well.Verdict = simulation.Undecided, simulation.Undecided
	}
	j.add(Step{From: step.From, To: step.To, Well: partsOf(well), Down: partsOf(down)}, down.Verdict)
	j.note(down.Notes)
	j.seen(down)
	for _, h := range down.Harms {
		j.harm(down.Hop(), h)
	}
	return nil
}

// nothing is of manifests without a webhook or policy: clear, unless software among
// them makes its own.
func (j *judge) nothing(step simulation.Step, notes []string) {
	v := simulation.NoEffect
	if len(notes) > 0 {
		v = simulation.Undecided
	}
	j.add(Step{From: step.From, To: step.To, Well: Parts{v, v, v}, Down: Parts{v, v, v}}, v)
	j.note(notes)
}

func (j *judge) note(notes []string) {
	for _, n := range notes {
		if !slices.Contains(j.row.Notes, n) {
			j.row.Notes = append(j.row.Notes, n)
		}
	}
}

// add adds a step to the last one where it comes to the same.
func (j *judge) add(s Step, v simulation.Verdict) {
	j.row.Verdict = worse(j.row.Verdict, v)
	if n := len(j.row.Steps); n > 0 && j.row.Steps[n-1].Well == s.Well && j.row.Steps[n-1].Down == s.Down {
		j.row.Steps[n-1].To = s.To
		return
	}
	j.row.Steps = append(j.row.Steps, s)
}

func worse(a, b simulation.Verdict) simulation.Verdict {
	if simulation.Worse(b, a) {
		return b
	}
	return a
}

// partsOf are the verdicts by part. A part without harm is as the whole where that is
// not known for want of evidence.
func partsOf(s simulation.Simulation) Parts {
	of := func(p simulation.Part) simulation.Verdict {
		v := simulation.Clear
		if s.Verdict == simulation.NoEffect || s.Verdict == simulation.Undecided && len(s.Harms) == 0 {
			v = s.Verdict
		}
		for _, h := range s.Harms {
			switch {
			case h.Part != p:
			case h.Perhaps:
				v = worse(v, simulation.Undecided)
			default:
				v = simulation.Endangered
			}
		}
		return v
	}
	return Parts{of(simulation.Start), of(simulation.Lives), of(simulation.Nodes)}
}

func (j *judge) harm(hop string, h simulation.Harm) {
	l := Lost{Part: h.Part, Name: h.Name, Consequence: h.Consequence, Perhaps: h.Perhaps}
	for _, c := range h.Culprits {
		l.By = append(l.By, c.String())
	}
	key := h.Name
	if h.Perhaps {
		key += " perhaps"
	}
	if j.lost[key] == nil {
		j.lost[key] = &l
		j.order = append(j.order, &l)
	}
	j.lost[key].Only = append(j.lost[key].Only, hop)
}

// seen notes which hooks and lines somebody of the manifest sees a write of, and how
// long one is held up at most by those who let it pass.
func (j *judge) seen(s simulation.Simulation) {
	saw := func(name string, ws []simulation.Write) {
		for _, w := range ws {
			var held float64
			for _, i := range w.InterceptedBy {
				if !i.Added {
					continue
				}
				if !slices.Contains(j.row.Sees, name) {
					j.row.Sees = append(j.row.Sees, name)
				}
				if i.FailurePolicy == string(admissionregistrationv1.Ignore) && i.Undecided == "" {
					held += i.TimeoutSeconds
				}
			}
			j.row.HoldsUpSeconds = max(j.row.HoldsUpSeconds, held)
		}
	}
	for _, h := range s.Hooks {
		saw(h.Name, h.Writes)
	}
	for _, l := range s.Lifelines {
		var ws []simulation.Write
		for _, w := range l.Writes {
			ws = append(ws, w.Write)
		}
		saw(l.Name, ws)
	}
}

func (j *judge) registered(s *facts.Snapshot, added manifest.Added) {
	have := func(r Registered) {
		if !slices.Contains(j.row.Registers, r) {
			j.row.Registers = append(j.row.Registers, r)
		}
	}
	for _, n := range added.Names {
		for _, w := range RegisteredAs(s, n.Kind, n.Name) {
			have(w)
		}
	}
}

// RegisteredAs are the webhooks of the configuration of that kind and name, or the policy
// itself, as the API server takes them; none of a configuration that is not there.
func RegisteredAs(s *facts.Snapshot, kind, name string) (all []Registered) {
	register := func(webhook string, f *admissionregistrationv1.FailurePolicyType, timeout int32) {
		all = append(all, Registered{kind, name, webhook, string(ptr.Deref(f, admissionregistrationv1.Fail)), timeout})
	}
	switch kind {
	case "ValidatingWebhookConfiguration":
		for _, w := range named(s, facts.ValidatingWebhooks, name).Webhooks {
			register(w.Name, w.FailurePolicy, ptr.Deref(w.TimeoutSeconds, 10))
		}
	case "MutatingWebhookConfiguration":
		for _, w := range named(s, facts.MutatingWebhooks, name).Webhooks {
			register(w.Name, w.FailurePolicy, ptr.Deref(w.TimeoutSeconds, 10))
		}
	case "ValidatingAdmissionPolicy":
		register("", named(s, facts.ValidatingPolicies, name).Spec.FailurePolicy, 0)
	case "MutatingAdmissionPolicy":
		register("", named(s, facts.MutatingPolicies, name).Spec.FailurePolicy, 0)
	}
	return all
}

func named[T any, P interface {
	*T
	GetName() string
}](s *facts.Snapshot, k facts.Key[[]T], name string) (none T) {
	all, _ := k.Get(s)
	for n := range all {
		if P(&all[n]).GetName() == name {
			return all[n]
		}
	}
	return none
}
