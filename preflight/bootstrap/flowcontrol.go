package bootstrap

import (
	"strconv"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// flowcontrol follows kubernetes pkg/registry/flowcontrol/rest/storage_flowcontrol.go,
// ensure: what is suggested, then what is mandatory, then what is retired.
func (p *planner) flowcontrol() {
	for _, mandatory := range []bool{false, true} {
		ensure(p, priorityLevels, mandatory)
		ensure(p, flowSchemas, mandatory)
	}
	retire(p, flowSchemas)
	retire(p, priorityLevels)
}

// flowSchemaStatus is the first status of FlowSchemas that are created.
func (p *planner) flowSchemaStatus() {
	live, ok := facts.FlowSchemas.Get(p.s)
	if !ok {
		return
	}
	exists := map[string]bool{}
	for _, s := range live {
		exists[s.Name] = true
	}
	created := map[string]*unstructured.Unstructured{}
	for _, s := range recorded(p.minor, "priority-and-fairness-config-producer", "FlowSchema", Create) {
		created[s.GetName()] = s
	}
	for _, s := range p.recorded("FlowSchema", Update) {
		if !exists[s.GetName()] {
			p.update(s, created[s.GetName()], status)
		}
	}
}

// A configuration is one of the two kinds of API Priority and Fairness.
type configuration[T any] struct {
	kind string
	fact facts.Key[[]T]
	meta func(*T) *metav1.ObjectMeta
	// sameSpec compares the object that is wanted with the live one, and
	// replaceSpec copies the spec into the live one.
	sameSpec    func(want, live *T) bool
	replaceSpec func(live, want *T)
	// mandatory are the names of those whose spec is always reset.
	mandatory [2]string
}

var flowSchemas = configuration[flowcontrolv1.FlowSchema]{
	kind: "FlowSchema",
	fact: facts.FlowSchemas,
	meta: func(s *flowcontrolv1.FlowSchema) *metav1.ObjectMeta { return &s.ObjectMeta },
	sameSpec: func(want, live *flowcontrolv1.FlowSchema) bool {
		return equality.Semantic.DeepEqual(want.Spec, live.Spec)
	},
	replaceSpec: func(live, want *flowcontrolv1.FlowSchema) { live.Spec = want.Spec },
	mandatory:   [2]string{flowcontrolv1.FlowSchemaNameExempt, flowcontrolv1.FlowSchemaNameCatchAll},
}

var priorityLevels = configuration[flowcontrolv1.PriorityLevelConfiguration]{
	kind:        "PriorityLevelConfiguration",
	fact:        facts.PriorityLevels,
	meta:        func(l *flowcontrolv1.PriorityLevelConfiguration) *metav1.ObjectMeta { return &l.ObjectMeta },
	sameSpec:    sameLevel,
	replaceSpec: func(live, want *flowcontrolv1.PriorityLevelConfiguration) { live.Spec = want.Spec },
	mandatory:   [2]string{flowcontrolv1.PriorityLevelConfigurationNameExempt, flowcontrolv1.PriorityLevelConfigurationNameCatchAll},
}

// sameLevel leaves the shares of the level exempt to the operator (kubernetes
// pkg/registry/flowcontrol/ensurer/prioritylevelconfiguration.go, plcSpecEqualish).
func sameLevel(want, live *flowcontrolv1.PriorityLevelConfiguration) bool {
	spec := want.Spec
	if want.Name == flowcontrolv1.PriorityLevelConfigurationNameExempt && live.Spec.Exempt != nil {
		spec.Exempt = live.Spec.Exempt
	}
	return equality.Semantic.DeepEqual(spec, live.Spec)
}

// ensure follows kubernetes pkg/registry/flowcontrol/ensurer/strategy.go,
// EnsureConfiguration and ReviseIfNeeded.
func ensure[T any](p *planner, c configuration[T], mandatory bool) {
	live, ok := c.live(p)
	if !ok {
		return
	}
	for _, recorded := range p.recorded(c.kind, Create) {
		if c.isMandatory(recorded.GetName()) != mandatory {
			continue
		}
		current := live[recorded.GetName()]
		if current == nil {
			p.create(recorded)
			continue
		}
		if revised, changed := c.revise(typed[T](recorded), current, mandatory); changed {
			p.update(untyped(revised, recorded), untyped(current, recorded))
		}
	}
}

func (c configuration[T]) revise(want, current *T, mandatory bool) (*T, bool) {
	meta := c.meta(current)
	annotated, err := strconv.ParseBool(meta.Annotations[flowcontrolv1.AutoUpdateAnnotationKey])
	unannotated := err != nil
	update := mandatory || annotated || unannotated && meta.Generation == 1
	annotate := unannotated || annotated != update
	respec := update && !c.sameSpec(want, current)
	if !annotate && !respec {
		return nil, false
	}
	revised := *current
	if respec {
		c.replaceSpec(&revised, want)
	}
	if annotate {
		meta := c.meta(&revised)
		meta.Annotations = withEntry(meta.Annotations, flowcontrolv1.AutoUpdateAnnotationKey, strconv.FormatBool(update))
	}
	return &revised, true
}

// retire follows strategy.go, RemoveUnwantedObjects.
func retire[T any](p *planner, c configuration[T]) {
	live, ok := c.fact.Get(p.s)
	recorded := p.recorded(c.kind, Create)
	if !ok || len(recorded) == 0 {
		return
	}
	wanted := map[string]bool{}
	for _, r := range recorded {
		wanted[r.GetName()] = true
	}
	for i := range live {
		meta := c.meta(&live[i])
		managed, err := strconv.ParseBool(meta.Annotations[flowcontrolv1.AutoUpdateAnnotationKey])
		if err == nil && managed && !wanted[meta.Name] {
			p.remove(untyped(&live[i], recorded[0]))
		}
	}
}

func (c configuration[T]) live(p *planner) (map[string]*T, bool) {
	list, ok := c.fact.Get(p.s)
	live := map[string]*T{}
	for i := range list {
		live[c.meta(&list[i]).Name] = &list[i]
	}
	return live, ok
}

func (c configuration[T]) isMandatory(name string) bool {
	return name == c.mandatory[0] || name == c.mandatory[1]
}

// withEntry returns a copy of m in which key has the value.
func withEntry(m map[string]string, key, value string) map[string]string {
	c := map[string]string{key: value}
	for k, v := range m {
		if k != key {
			c[k] = v
		}
	}
	return c
}
