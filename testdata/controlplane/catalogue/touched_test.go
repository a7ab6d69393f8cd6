package main

import (
	"context"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

// hops are writes that an upgrade to that minor makes on a cluster with [services]:
// those of a kind that no other hop has.
var hops = map[string][]string{
	"1.31": {
		"UPDATE roles.rbac.authorization.k8s.io kube-system/system::leader-locking-kube-scheduler",
		"UPDATE rolebindings.rbac.authorization.k8s.io kube-system/system::leader-locking-kube-controller-manager",
	},
	"1.32": {"DELETE apiservices.apiregistration.k8s.io v1beta3.flowcontrol.apiserver.k8s.io"},
	"1.33": {
		"CREATE servicecidrs.networking.k8s.io kubernetes",
		"UPDATE servicecidrs.networking.k8s.io/status kubernetes",
		"CREATE ipaddresses.networking.k8s.io 10.96.0.1",
		"CREATE ipaddresses.networking.k8s.io 10.96.7.1",
		"CREATE ipaddresses.networking.k8s.io 10.96.7.2",
		"CREATE ipaddresses.networking.k8s.io 10.96.7.4",
		"CREATE events.events.k8s.io default/kubernetes.0000000000000000",
		"CREATE events.events.k8s.io default/cluster-ip.0000000000000000",
	},
	"1.34": {
		"CREATE apiservices.apiregistration.k8s.io v1.resource.k8s.io",
		"DELETE flowschemas.flowcontrol.apiserver.k8s.io endpoint-controller",
		"DELETE flowschemas.flowcontrol.apiserver.k8s.io workload-leader-election",
	},
	"1.35": {"UPDATE clusterroles.rbac.authorization.k8s.io system:aggregate-to-edit"},
	"1.36": {
		"CREATE clusterrolebindings.rbac.authorization.k8s.io system:controller:device-taint-eviction-controller",
		"CREATE clusterroles.rbac.authorization.k8s.io system:controller:device-taint-eviction-controller",
		"UPDATE clusterroles.rbac.authorization.k8s.io system:controller:pvc-protection-controller",
		"UPDATE clusterroles.rbac.authorization.k8s.io system:controller:resource-claim-controller",
		"UPDATE clusterroles.rbac.authorization.k8s.io system:kube-scheduler",
		"UPDATE clusterroles.rbac.authorization.k8s.io system:monitoring",
	},
	"1.37": {
		"CREATE apiservices.apiregistration.k8s.io v1.storagemigration.k8s.io",
		"CREATE clusterrolebindings.rbac.authorization.k8s.io system:cluster-trust-bundle-discovery",
		"CREATE clusterroles.rbac.authorization.k8s.io system:controller:storage-version-migrator-controller",
		"UPDATE clusterroles.rbac.authorization.k8s.io system:controller:node-controller",
		"UPDATE clusterroles.rbac.authorization.k8s.io system:node",
	},
}

var touched = []pair{
	{"touched", "", "", touch, nil, nil, []string{
		"CREATE apiservices.apiregistration.k8s.io v1.batch",
		"CREATE clusterrolebindings.rbac.authorization.k8s.io system:basic-user",
		"CREATE configmaps kube-system/kube-apiserver-legacy-service-account-token-tracking",
		"CREATE flowschemas.flowcontrol.apiserver.k8s.io kube-scheduler",
		"DELETE clusterrolebindings.rbac.authorization.k8s.io system:basic-user",
		"DELETE flowschemas.flowcontrol.apiserver.k8s.io retired",
		"UPDATE clusterroles.rbac.authorization.k8s.io system:node",
		"UPDATE flowschemas.flowcontrol.apiserver.k8s.io probes",
		"UPDATE flowschemas.flowcontrol.apiserver.k8s.io/status kube-scheduler",
		"UPDATE rolebindings.rbac.authorization.k8s.io kube-system/system::leader-locking-kube-scheduler",
	}},
	{"expired certificate", "", "", expiredCertificate, sameAuthorities, sameCertificates, []string{
		"UPDATE configmaps kube-system/extension-apiserver-authentication",
	}},
	{"addresses", "", "", wrongAddresses, nil, nil, []string{
		"CREATE ipaddresses.networking.k8s.io 10.96.7.1",
		"DELETE ipaddresses.networking.k8s.io 10.96.7.2",
		"CREATE ipaddresses.networking.k8s.io 10.96.7.2",
		"DELETE ipaddresses.networking.k8s.io 10.96.7.3",
		"CREATE events.events.k8s.io default/10.96.7.3.0000000000000000",
	}},
	{"one FlowSchema kept", "1.33", "1.34", keepFlowSchema, nil, nil, []string{
		"DELETE flowschemas.flowcontrol.apiserver.k8s.io workload-leader-election",
	}},
	{"one Role kept", "1.30", "1.31", keepRole, nil, nil, []string{
		"UPDATE roles.rbac.authorization.k8s.io kube-system/system::leader-locking-kube-controller-manager",
	}},
	{"three minors at once", "1.30", "1.33", services, nil, nil, []string{
		"UPDATE rolebindings.rbac.authorization.k8s.io kube-system/system::leader-locking-kube-controller-manager",
		"DELETE apiservices.apiregistration.k8s.io v1beta3.flowcontrol.apiserver.k8s.io",
		"CREATE servicecidrs.networking.k8s.io kubernetes",
		"CREATE ipaddresses.networking.k8s.io 10.96.7.4",
	}},
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// services creates one Service of each type.
func services(t *testing.T, c *rig.Cluster) (release func()) {
	t.Helper()
	for name, spec := range map[string]corev1.ServiceSpec{
		"cluster-ip":    {ClusterIP: "10.96.7.1"},
		"node-port":     {ClusterIP: "10.96.7.2", Type: corev1.ServiceTypeNodePort},
		"load-balancer": {ClusterIP: "10.96.7.4", Type: corev1.ServiceTypeLoadBalancer},
		"headless":      {ClusterIP: corev1.ClusterIPNone},
		"external-name": {Type: corev1.ServiceTypeExternalName, ExternalName: "example.com"},
	} {
		spec.Ports = []corev1.ServicePort{{Port: 80}}
		service := &corev1.Service{Spec: spec}
		service.Name = name
		_, err := c.Client.CoreV1().Services(metav1.NamespaceDefault).Create(t.Context(), service, metav1.CreateOptions{})
		must(t, err)
	}
	return nil
}

// hold keeps the API server that runs from writing that resource, so that it
// leaves alone what a test puts there.
func hold(t *testing.T, c *rig.Cluster, group, resource string) (release func()) {
	t.Helper()
	b, err := c.StartBackend(t.Context(), rig.BackendOptions{Namespace: "hold", Service: "hold", Behaviour: controlplane.Deny("held", 0)})
	must(t, err)
	must(t, c.Validate(t.Context(), "hold", b.ClientConfig("/"), func(w *admissionregistrationv1.ValidatingWebhook) {
		w.Rules[0].APIGroups, w.Rules[0].Resources = []string{group}, []string{resource}
		w.MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "loopback", Expression: `request.userInfo.username == "system:apiserver"`}}
	}))
	must(t, wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		return held(ctx, c.Config, group, resource)
	}))
	return func() { b.Behave(controlplane.Allow()) }
}

// held reports whether the API server is kept from writing that resource by now.
func held(ctx context.Context, config *rest.Config, group, resource string) (bool, error) {
	loopback := rest.CopyConfig(config)
	loopback.Impersonate = rest.ImpersonationConfig{UserName: "system:apiserver", Groups: []string{"system:masters"}}
	client, err := dynamic.NewForConfig(loopback)
	if err != nil {
		return false, err
	}
	resources := client.Resource(schema.GroupVersionResource{Group: group, Version: "v1", Resource: resource})
	some, err := resources.List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return false, err
	}
	_, err = resources.Namespace(some.Items[0].GetNamespace()).Patch(ctx, some.Items[0].GetName(), types.MergePatchType,
		[]byte("{}"), metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}})
	return err != nil, nil
}

// wrongAddresses takes one Service's IPAddress away, gives another's to a Service
// that isn't there, and adds one that belongs to no Service.
func wrongAddresses(t *testing.T, c *rig.Cluster) (release func()) {
	t.Helper()
	services(t, c)
	release = hold(t, c, networkingv1.GroupName, "ipaddresses")
	addresses := c.Client.NetworkingV1().IPAddresses()
	must(t, addresses.Delete(t.Context(), "10.96.7.1", metav1.DeleteOptions{}))
	must(t, addresses.Delete(t.Context(), "10.96.7.2", metav1.DeleteOptions{}))
	for name, parent := range map[string]string{"10.96.7.2": "services", "10.96.7.3": "gateways"} {
		a := &networkingv1.IPAddress{Spec: networkingv1.IPAddressSpec{
			ParentRef: &networkingv1.ParentReference{Resource: parent, Namespace: metav1.NamespaceDefault, Name: "gone"},
		}}
		a.Name = name
		a.Labels = map[string]string{networkingv1.LabelManagedBy: "ipallocator.k8s.io", networkingv1.LabelIPAddressFamily: "IPv4"}
		_, err := addresses.Create(t.Context(), a, metav1.CreateOptions{})
		must(t, err)
	}
	return release
}

func keepFlowSchema(t *testing.T, c *rig.Cluster) (release func()) {
	t.Helper()
	must(t, change(t.Context(), "endpoint-controller", c.Client.FlowcontrolV1().FlowSchemas(), func(s *flowcontrolv1.FlowSchema) {
		s.Annotations[flowcontrolv1.AutoUpdateAnnotationKey] = "false"
	}))
	return nil
}

func keepRole(t *testing.T, c *rig.Cluster) (release func()) {
	t.Helper()
	must(t, change(t.Context(), "system::leader-locking-kube-scheduler", c.Client.RbacV1().Roles(metav1.NamespaceSystem), func(r *rbacv1.Role) {
		r.Annotations[rbacv1.AutoUpdateAnnotationKey] = "false"
	}))
	return nil
}

// touch changes a cluster in the ways in which people do. The API server that runs
// puts back what it looks after each minute, and only then.
func touch(t *testing.T, c *rig.Cluster) (release func()) {
	t.Helper()
	ctx := t.Context()
	rbac, apf := c.Client.RbacV1(), c.Client.FlowcontrolV1()
	must(t, change(ctx, "system:kube-scheduler", rbac.ClusterRoles(), func(r *rbacv1.ClusterRole) {
		r.Annotations[rbacv1.AutoUpdateAnnotationKey] = "false"
	}))
	must(t, change(ctx, "system:node", rbac.ClusterRoles(), func(r *rbacv1.ClusterRole) {
		r.Labels, r.Rules = map[string]string{"team": "a"}, r.Rules[3:]
	}))
	must(t, rbac.ClusterRoleBindings().Delete(ctx, "system:basic-user", metav1.DeleteOptions{}))
	elsewhere := &rbacv1.ClusterRoleBinding{RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "view"}}
	elsewhere.Name = "system:basic-user"
	_, err := rbac.ClusterRoleBindings().Create(ctx, elsewhere, metav1.CreateOptions{})
	must(t, err)
	must(t, change(ctx, "system::leader-locking-kube-scheduler", rbac.RoleBindings(metav1.NamespaceSystem), func(b *rbacv1.RoleBinding) {
		b.Subjects = b.Subjects[1:]
	}))
	must(t, change(ctx, "probes", apf.FlowSchemas(), func(s *flowcontrolv1.FlowSchema) { s.Spec.MatchingPrecedence = 7 }))
	must(t, change(ctx, "system-nodes", apf.FlowSchemas(), func(s *flowcontrolv1.FlowSchema) {
		s.Spec.MatchingPrecedence, s.Annotations = 501, map[string]string{flowcontrolv1.AutoUpdateAnnotationKey: "false"}
	}))
	must(t, apf.FlowSchemas().Delete(ctx, "kube-scheduler", metav1.DeleteOptions{}))
	retired := &flowcontrolv1.FlowSchema{Spec: flowcontrolv1.FlowSchemaSpec{
		PriorityLevelConfiguration: flowcontrolv1.PriorityLevelConfigurationReference{Name: "workload-low"}, MatchingPrecedence: 9000,
	}}
	retired.Name, retired.Annotations = "retired", map[string]string{flowcontrolv1.AutoUpdateAnnotationKey: "true"}
	_, err = apf.FlowSchemas().Create(ctx, retired, metav1.CreateOptions{})
	must(t, err)
	must(t, c.Client.CoreV1().ConfigMaps(metav1.NamespaceSystem).Delete(ctx, "kube-apiserver-legacy-service-account-token-tracking", metav1.DeleteOptions{}))
	dyn, err := dynamic.NewForConfig(c.Config)
	must(t, err)
	apiServices := dyn.Resource(schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"})
	must(t, apiServices.Delete(ctx, "v1.batch", metav1.DeleteOptions{}))
	_, err = apiServices.Create(ctx, otherAPIService(), metav1.CreateOptions{})
	must(t, err)
	return nil
}

// otherAPIService is one that an API server of another configuration left behind.
func otherAPIService() *unstructured.Unstructured {
	u := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{
		"group": "batch", "version": "v1beta1", "groupPriorityMinimum": int64(17400), "versionPriority": int64(9),
	}}}
	u.SetAPIVersion("apiregistration.k8s.io/v1")
	u.SetKind("APIService")
	u.SetName("v1beta1.batch")
	u.SetLabels(map[string]string{"kube-aggregator.kubernetes.io/automanaged": "onstart"})
	return u
}

// change gets an object, changes it and puts it back.
func change[T any](ctx context.Context, name string, client interface {
	Get(context.Context, string, metav1.GetOptions) (*T, error)
	Update(context.Context, *T, metav1.UpdateOptions) (*T, error)
}, f func(*T)) error {
	object, err := client.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	f(object)
	_, err = client.Update(ctx, object, metav1.UpdateOptions{})
	return err
}
