package bootstrap

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A change is one fact of an untouched 1.36, otherwise than it was.
type change func(*facts.Snapshot) facts.Observation

// edit changes the element of a fact that match picks.
func edit[T any](k facts.Key[[]T], match func(*T) bool, f func(*T)) change {
	return func(s *facts.Snapshot) facts.Observation {
		all := slices.Clone(k.Of(s))
		i := slices.IndexFunc(all, func(v T) bool { return match(&v) })
		if i < 0 {
			panic("no such element of " + k.ID())
		}
		f(&all[i])
		return facts.Present(k, all)
	}
}

func drop[T any](k facts.Key[[]T], match func(*T) bool) change {
	return func(s *facts.Snapshot) facts.Observation {
		return facts.Present(k, slices.DeleteFunc(slices.Clone(k.Of(s)), func(v T) bool { return match(&v) }))
	}
}

func extra[T any](k facts.Key[[]T], v ...T) change {
	return func(s *facts.Snapshot) facts.Observation {
		return facts.Present(k, append(slices.Clone(k.Of(s)), v...))
	}
}

func named[P interface {
	*T
	GetName() string
}, T any](name string) func(*T) bool {
	return func(v *T) bool { return P(v).GetName() == name }
}

func annotated(key, value string) map[string]string { return map[string]string{key: value} }

func service(name string, ips ...string) facts.Service {
	return facts.Service{Namespace: "shop", Name: name, Type: "ClusterIP", ClusterIPs: ips}
}

func TestReconcile(t *testing.T) {
	const rbac = "rbac/bootstrap-roles: "
	const apf = "priority-and-fairness-config-producer: "
	const ips = "start-service-ip-repair-controllers: "
	role, binding := named[*rbacv1.ClusterRole], named[*rbacv1.ClusterRoleBinding]
	schema, level := named[*flowcontrolv1.FlowSchema], named[*flowcontrolv1.PriorityLevelConfiguration]
	theirs := []rbacv1.PolicyRule{{APIGroups: []string{"example.com"}, Resources: []string{"x"}, Verbs: []string{"get"}}}
	apiService := func(name string) func(*facts.APIService) bool {
		return func(a *facts.APIService) bool { return a.Name == name }
	}
	for name, c := range map[string]struct {
		changes []change
		want    []string
	}{
		"a role lacks a rule": {
			[]change{edit(facts.ClusterRoles, role("system:node"), func(r *rbacv1.ClusterRole) { r.Rules = r.Rules[1:] })},
			[]string{rbac + "UPDATE clusterroles.rbac.authorization.k8s.io system:node"}},
		"a role has a rule more": {
			[]change{edit(facts.ClusterRoles, role("system:node"), func(r *rbacv1.ClusterRole) {
				r.Rules = append(slices.Clone(r.Rules), theirs...)
			})}, nil},
		"a role has lost its label": {
			[]change{edit(facts.ClusterRoles, role("system:node"), func(r *rbacv1.ClusterRole) { r.Labels = nil })},
			[]string{rbac + "UPDATE clusterroles.rbac.authorization.k8s.io system:node"}},
		"a role is protected": {
			[]change{edit(facts.ClusterRoles, role("system:node"), func(r *rbacv1.ClusterRole) {
				r.Rules, r.Annotations = nil, annotated(rbacv1.AutoUpdateAnnotationKey, "false")
			})}, nil},
		"an aggregated role has other rules": {
			[]change{edit(facts.ClusterRoles, role("admin"), func(r *rbacv1.ClusterRole) { r.Rules = theirs })}, nil},
		"a role is missing": {
			[]change{drop(facts.ClusterRoles, role("system:node"))},
			[]string{rbac + "CREATE clusterroles.rbac.authorization.k8s.io system:node"}},
		"a binding leads to another role": {
			[]change{edit(facts.ClusterRoleBindings, binding("system:basic-user"), func(b *rbacv1.ClusterRoleBinding) { b.RoleRef.Name = "view" })},
			[]string{
				rbac + "DELETE clusterrolebindings.rbac.authorization.k8s.io system:basic-user",
				rbac + "CREATE clusterrolebindings.rbac.authorization.k8s.io system:basic-user",
			}},
		"a protected binding leads to another role": {
			[]change{edit(facts.ClusterRoleBindings, binding("system:basic-user"), func(b *rbacv1.ClusterRoleBinding) {
				b.RoleRef.Name, b.Annotations = "view", annotated(rbacv1.AutoUpdateAnnotationKey, "false")
			})}, nil},
		"a binding lacks a subject": {
			[]change{edit(facts.ClusterRoleBindings, binding("system:basic-user"), func(b *rbacv1.ClusterRoleBinding) { b.Subjects = nil })},
			[]string{rbac + "UPDATE clusterrolebindings.rbac.authorization.k8s.io system:basic-user"}},
		"a role in another namespace": {
			[]change{edit(facts.Roles, named[*rbacv1.Role]("system:controller:bootstrap-signer"), func(r *rbacv1.Role) { r.Namespace = "default" })},
			[]string{rbac + "CREATE roles.rbac.authorization.k8s.io kube-public/system:controller:bootstrap-signer"}},
		"a role binding lacks a subject": {
			[]change{edit(facts.RoleBindings, named[*rbacv1.RoleBinding]("system::leader-locking-kube-scheduler"), func(b *rbacv1.RoleBinding) { b.Subjects = nil })},
			[]string{rbac + "UPDATE rolebindings.rbac.authorization.k8s.io kube-system/system::leader-locking-kube-scheduler"}},

		"a priority class is missing": {
			[]change{drop(facts.PriorityClasses, func(n *string) bool { return *n == "system-node-critical" })},
			[]string{"scheduling/bootstrap-system-priority-classes: CREATE priorityclasses.scheduling.k8s.io system-node-critical"}},
		"a namespace is missing": {
			[]change{drop(facts.Namespaces, func(n *facts.Namespace) bool { return n.Name == "kube-node-lease" })},
			[]string{"start-system-namespaces-controller: CREATE namespaces kube-node-lease, background"}},

		"a flow schema has another spec": {
			[]change{edit(facts.FlowSchemas, schema("probes"), func(s *flowcontrolv1.FlowSchema) { s.Spec.MatchingPrecedence = 7 })},
			[]string{apf + "UPDATE flowschemas.flowcontrol.apiserver.k8s.io probes"}},
		"a flow schema is the operator's": {
			[]change{edit(facts.FlowSchemas, schema("probes"), func(s *flowcontrolv1.FlowSchema) {
				s.Spec.MatchingPrecedence, s.Annotations = 7, annotated(flowcontrolv1.AutoUpdateAnnotationKey, "false")
			})}, nil},
		"a flow schema lost its annotation and was edited": {
			[]change{edit(facts.FlowSchemas, schema("probes"), func(s *flowcontrolv1.FlowSchema) {
				s.Spec.MatchingPrecedence, s.Annotations, s.Generation = 7, nil, 2
			})},
			[]string{apf + "UPDATE flowschemas.flowcontrol.apiserver.k8s.io probes"}},
		"a mandatory flow schema is the operator's": {
			[]change{edit(facts.FlowSchemas, schema("catch-all"), func(s *flowcontrolv1.FlowSchema) {
				s.Annotations = annotated(flowcontrolv1.AutoUpdateAnnotationKey, "false")
			})},
			[]string{apf + "UPDATE flowschemas.flowcontrol.apiserver.k8s.io catch-all"}},
		"a flow schema is missing": {
			[]change{drop(facts.FlowSchemas, schema("probes"))},
			[]string{
				apf + "CREATE flowschemas.flowcontrol.apiserver.k8s.io probes",
				"priority-and-fairness-config-consumer: UPDATE flowschemas.flowcontrol.apiserver.k8s.io/status probes, background",
			}},
		"a flow schema is retired": {
			[]change{extra(facts.FlowSchemas, flowSchema("endpoint-controller", "true"), flowSchema("theirs", "false"), flowSchema("also-theirs", ""))},
			[]string{apf + "DELETE flowschemas.flowcontrol.apiserver.k8s.io endpoint-controller"}},
		"the level exempt has other shares": {
			[]change{edit(facts.PriorityLevels, level("exempt"), func(l *flowcontrolv1.PriorityLevelConfiguration) {
				shares := int32(50)
				l.Spec.Exempt = &flowcontrolv1.ExemptPriorityLevelConfiguration{NominalConcurrencyShares: &shares}
			})}, nil},
		"the level exempt is limited": {
			[]change{edit(facts.PriorityLevels, level("exempt"), func(l *flowcontrolv1.PriorityLevelConfiguration) { l.Spec.Exempt = nil })},
			[]string{apf + "UPDATE prioritylevelconfigurations.flowcontrol.apiserver.k8s.io exempt"}},
		"a priority level is missing": {
			[]change{drop(facts.PriorityLevels, level("workload-low"))},
			[]string{apf + "CREATE prioritylevelconfigurations.flowcontrol.apiserver.k8s.io workload-low"}},

		"an API service is missing": {
			[]change{drop(facts.APIServices, apiService("v1.batch"))},
			[]string{"autoregister-completion: CREATE apiservices.apiregistration.k8s.io v1.batch"}},
		"an API service is not available": {
			[]change{edit(facts.APIServices, apiService("v1.batch"), func(a *facts.APIService) { a.Available, a.Reason = "False", "Rig" })},
			[]string{"autoregister-completion: UPDATE apiservices.apiregistration.k8s.io/status v1.batch"}},
		"an API service has another priority": {
			[]change{edit(facts.APIServices, apiService("v1.batch"), func(a *facts.APIService) { a.VersionPriority = 1 })},
			[]string{"kube-apiserver-autoregistration: UPDATE apiservices.apiregistration.k8s.io v1.batch, background"}},
		"an API service is somebody's own": {
			[]change{edit(facts.APIServices, apiService("v1.batch"), func(a *facts.APIService) { a.VersionPriority, a.Labels = 1, nil })}, nil},
		"API services of others": {
			[]change{extra(facts.APIServices,
				facts.APIService{Name: "v1.example.com", Labels: map[string]string{automanaged: "true"}},
				facts.APIService{Name: "v1beta1.metrics.k8s.io", Service: "kube-system/metrics-server"})}, nil},
		"an API service is enabled by a flag": {
			[]change{extra(facts.APIServices, facts.APIService{Name: "v1beta1.resource.k8s.io", Labels: map[string]string{automanaged: onStart}})},
			[]string{"kube-apiserver-autoregistration: DELETE apiservices.apiregistration.k8s.io v1beta1.resource.k8s.io, background, if v1beta1.resource.k8s.io is not enabled by --runtime-config in 1.36 too"}},

		"there is no service CIDR": {
			[]change{drop(facts.ServiceCIDRs, named[*networkingv1.ServiceCIDR]("kubernetes"))},
			[]string{
				"start-kubernetes-service-cidr-controller: CREATE servicecidrs.networking.k8s.io kubernetes",
				"start-kubernetes-service-cidr-controller: UPDATE servicecidrs.networking.k8s.io/status kubernetes, optional",
			}},
		"the service CIDR has no condition": {
			[]change{edit(facts.ServiceCIDRs, named[*networkingv1.ServiceCIDR]("kubernetes"), func(c *networkingv1.ServiceCIDR) { c.Status.Conditions = nil })},
			[]string{"start-kubernetes-service-cidr-controller: UPDATE servicecidrs.networking.k8s.io/status kubernetes, optional"}},
		"addresses are missing": {
			[]change{extra(facts.Services, service("a", "10.96.0.7"), service("b", "None"), service("c", "10.96.0.8", "fd00::8"), service("d", "172.16.0.1"), service("e"))},
			[]string{
				ips + "CREATE ipaddresses.networking.k8s.io 10.96.0.7",
				ips + "CREATE ipaddresses.networking.k8s.io 10.96.0.8",
			}},
		"addresses are wrong": {
			[]change{
				extra(facts.Services, service("a", "10.96.0.7"), service("b", "10.96.0.8"), service("c", "10.96.0.9")),
				extra(facts.IPAddresses,
					facts.IPAddress{Name: "10.96.0.7", Parent: "services/shop/gone", Managed: true},
					facts.IPAddress{Name: "10.96.0.8", Parent: "services/shop/b"},
					facts.IPAddress{Name: "10.96.0.9", Parent: "gateways/shop/c", Managed: true}),
			},
			[]string{
				ips + "DELETE ipaddresses.networking.k8s.io 10.96.0.7", ips + "CREATE ipaddresses.networking.k8s.io 10.96.0.7",
				ips + "DELETE ipaddresses.networking.k8s.io 10.96.0.8", ips + "CREATE ipaddresses.networking.k8s.io 10.96.0.8",
				ips + "DELETE ipaddresses.networking.k8s.io 10.96.0.9", ips + "CREATE ipaddresses.networking.k8s.io 10.96.0.9",
			}},
		"addresses are orphans": {
			[]change{
				extra(facts.Services, service("a", "10.96.0.7")),
				extra(facts.IPAddresses,
					facts.IPAddress{Name: "10.96.0.7", Parent: "services/shop/a", Managed: true},
					facts.IPAddress{Name: "10.96.0.8", Parent: "services/shop/a", Managed: true},
					facts.IPAddress{Name: "10.96.0.9", Parent: "services/shop/gone", Managed: true},
					facts.IPAddress{Name: "10.96.0.10", Parent: "gateways/shop/theirs"}),
			},
			[]string{
				ips + "DELETE ipaddresses.networking.k8s.io 10.96.0.8",
				ips + "DELETE ipaddresses.networking.k8s.io 10.96.0.9",
			}},

		"no token tracking": {
			[]change{drop(facts.SystemConfigMaps, func(c *facts.ConfigMap) bool { return strings.Contains(c.Name, "legacy") })},
			[]string{"start-legacy-token-tracking-controller: CREATE configmaps kube-system/kube-apiserver-legacy-service-account-token-tracking, background"}},
		"token tracking since no date": {
			[]change{edit(facts.SystemConfigMaps, func(c *facts.ConfigMap) bool { return strings.Contains(c.Name, "legacy") }, func(c *facts.ConfigMap) { c.Data = nil })},
			[]string{"start-legacy-token-tracking-controller: UPDATE configmaps kube-system/kube-apiserver-legacy-service-account-token-tracking, background"}},

		"an expired identity lease": {
			[]change{extra(facts.IdentityLeases,
				facts.IdentityLease{Name: "apiserver-long-gone", Renewed: now.Add(-2 * time.Hour)},
				facts.IdentityLease{Name: "apiserver-just-gone", Renewed: now.Add(-time.Minute)},
				facts.IdentityLease{Name: "apiserver-of-longer", Renewed: now.Add(-2 * time.Hour), Seconds: 3 * 3600})},
			[]string{"start-kube-apiserver-identity-lease-garbage-collector: DELETE leases.coordination.k8s.io kube-system/apiserver-long-gone, background"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := cluster(t, "1.36", "1.36")
			for _, change := range c.changes {
				s = s.With(change(s))
			}
			got := slices.DeleteFunc(describeAll(Of(s)), func(line string) bool { return slices.Contains(always, line) })
			if d := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("beyond the writes of every start (- want, + got):\n%s", d)
			}
		})
	}
}

func flowSchema(name, autoUpdate string) flowcontrolv1.FlowSchema {
	s := flowcontrolv1.FlowSchema{}
	s.Name = name
	if autoUpdate != "" {
		s.Annotations = annotated(flowcontrolv1.AutoUpdateAnnotationKey, autoUpdate)
	}
	return s
}
