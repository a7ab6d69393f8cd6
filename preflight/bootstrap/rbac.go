package bootstrap

import (
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/component-helpers/auth/rbac/reconciliation"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// rbac is the pass over the default roles and bindings, by the package that the
// hook itself uses. Left out are its migrations of the roles of 1.8 and of
// system:discovery of 1.13, which differ only if somebody deleted what they
// would migrate to.
func (p *planner) rbac() {
	reconcileRoles(p, "ClusterRole", facts.ClusterRoles, func(r *rbacv1.ClusterRole) reconciliation.RuleOwner {
		return reconciliation.ClusterRoleRuleOwner{ClusterRole: r}
	})
	reconcileBindings(p, "ClusterRoleBinding", facts.ClusterRoleBindings, func(b *rbacv1.ClusterRoleBinding) reconciliation.RoleBinding {
		return reconciliation.ClusterRoleBindingAdapter{ClusterRoleBinding: b}
	})
	reconcileRoles(p, "Role", facts.Roles, func(r *rbacv1.Role) reconciliation.RuleOwner {
		return reconciliation.RoleRuleOwner{Role: r}
	})
	reconcileBindings(p, "RoleBinding", facts.RoleBindings, func(b *rbacv1.RoleBinding) reconciliation.RoleBinding {
		return reconciliation.RoleBindingAdapter{RoleBinding: b}
	})
	p.laterPatch()
}

func reconcileRoles[T any](p *planner, kind string, fact facts.Key[[]T], owner func(*T) reconciliation.RuleOwner) {
	live, ok := fact.Get(p.s)
	if !ok {
		return
	}
	owners := liveRoles{}
	for i := range live {
		o := owner(&live[i])
		owners[types.NamespacedName{Namespace: o.GetNamespace(), Name: o.GetName()}] = o
	}
	for _, want := range p.recorded(kind, Create) {
		role := owner(typedOnce[T](want))
		if is, ok := owners[nameOf(want)]; ok && nothingToReconcile(is, role) {
			continue
		}
		result, err := (&reconciliation.ReconcileRoleOptions{Role: role, Client: owners}).Run()
		switch {
		case err != nil:
			p.unknown(err.Error())
		case result.Protected:
		case result.Operation == reconciliation.ReconcileCreate:
			p.create(want)
		case result.Operation == reconciliation.ReconcileUpdate:
			p.update(untyped(result.Role.GetObject(), want), untyped(owners[nameOf(want)].GetObject(), want))
		}
	}
}

// nothingToReconcile reports whether a role is as wanted to the letter, which most are:
// to find that out by what the rules cover is half of the work of a forecast.
func nothingToReconcile(is, want reconciliation.RuleOwner) bool {
	return equality.Semantic.DeepEqual(is.GetRules(), want.GetRules()) &&
		equality.Semantic.DeepEqual(is.GetAggregationRule(), want.GetAggregationRule()) &&
		has(is.GetLabels(), want.GetLabels()) && has(is.GetAnnotations(), want.GetAnnotations())
}

// has reports whether all keys of want are in is; which value they have there decides
// nothing, since the live one stays (reconcile_role.go, merge).
func has(is, want map[string]string) bool {
	for key := range want {
		if _, ok := is[key]; !ok {
			return false
		}
	}
	return true
}

func reconcileBindings[T any](p *planner, kind string, fact facts.Key[[]T], adapter func(*T) reconciliation.RoleBinding) {
	live, ok := fact.Get(p.s)
	if !ok {
		return
	}
	bindings := liveBindings{}
	for i := range live {
		b := adapter(&live[i])
		bindings[types.NamespacedName{Namespace: b.GetNamespace(), Name: b.GetName()}] = b
	}
	for _, want := range p.recorded(kind, Create) {
		result, err := (&reconciliation.ReconcileRoleBindingOptions{RoleBinding: adapter(typedOnce[T](want)), Client: bindings}).Run()
		switch {
		case err != nil:
			p.unknown(err.Error())
		case result.Protected:
		case result.Operation == reconciliation.ReconcileCreate:
			p.create(want)
		case result.Operation == reconciliation.ReconcileRecreate:
			p.remove(untyped(bindings[nameOf(want)].GetObject(), want))
			p.create(want)
		case result.Operation == reconciliation.ReconcileUpdate:
			p.update(untyped(result.RoleBinding.GetObject(), want), untyped(bindings[nameOf(want)].GetObject(), want))
		}
	}
}

func nameOf(object interface {
	GetNamespace() string
	GetName() string
}) types.NamespacedName {
	return types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()}
}

// liveRoles implements [reconciliation.RuleOwnerModifier] over a snapshot. The
// reconciliation is not confirmed, so that it only gets.
type liveRoles map[types.NamespacedName]reconciliation.RuleOwner

// Get implements [reconciliation.RuleOwnerModifier].
func (l liveRoles) Get(namespace, name string) (reconciliation.RuleOwner, error) {
	return find(l, namespace, name)
}

// Create implements [reconciliation.RuleOwnerModifier].
func (liveRoles) Create(r reconciliation.RuleOwner) (reconciliation.RuleOwner, error) { return r, nil }

// Update implements [reconciliation.RuleOwnerModifier].
func (liveRoles) Update(r reconciliation.RuleOwner) (reconciliation.RuleOwner, error) { return r, nil }

// liveBindings implements [reconciliation.RoleBindingModifier] like [liveRoles].
type liveBindings map[types.NamespacedName]reconciliation.RoleBinding

// Get implements [reconciliation.RoleBindingModifier].
func (l liveBindings) Get(namespace, name string) (reconciliation.RoleBinding, error) {
	return find(l, namespace, name)
}

// Delete implements [reconciliation.RoleBindingModifier].
func (liveBindings) Delete(string, string, types.UID) error { return nil }

// Create implements [reconciliation.RoleBindingModifier].
func (liveBindings) Create(b reconciliation.RoleBinding) (reconciliation.RoleBinding, error) {
	return b, nil
}

// Update implements [reconciliation.RoleBindingModifier].
func (liveBindings) Update(b reconciliation.RoleBinding) (reconciliation.RoleBinding, error) {
	return b, nil
}

func find[T any](l map[types.NamespacedName]T, namespace, name string) (T, error) {
	object, ok := l[types.NamespacedName{Namespace: namespace, Name: name}]
	if !ok {
		return object, errors.NewNotFound(schema.GroupResource{Group: rbacv1.GroupName}, name)
	}
	return object, nil
}
