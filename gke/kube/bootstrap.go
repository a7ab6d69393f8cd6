package kube

import (
	"context"
	"slices"

	flowcontrol "k8s.io/api/flowcontrol/v1"
	networking "k8s.io/api/networking/v1"
	rbac "k8s.io/api/rbac/v1"
	scheduling "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// bootstrapRoles projects an RBAC object to itself if a starting API server may
// write it, and leaves it out otherwise.
func bootstrapRoles[T any]() func(*T) (T, bool) {
	project := whole[T](rbac.AutoUpdateAnnotationKey)
	return func(object *T) (T, bool) {
		if !bootstraps(any(object).(metav1.Object)) {
			var none T
			return none, false
		}
		return project(object)
	}
}

func bootstraps(m metav1.Object) bool {
	return m.GetLabels()["kubernetes.io/bootstrapping"] == "rbac-defaults" ||
		slices.ContainsFunc(bootstrapResources[:], func(resource string) bool { return bootstrap.Tracks(resource, m.GetName()) })
}

// bootstrapResources are those that the hook rbac/bootstrap-roles writes.
var bootstrapResources = [...]string{
	"clusterroles.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io",
	"roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io",
}

func clusterRoles(ctx context.Context, c *cluster) ([]rbac.ClusterRole, error) {
	return list(ctx, c.reader, c.typed.RbacV1().ClusterRoles().List, metav1.ListOptions{}, bootstrapRoles[rbac.ClusterRole]())
}

func clusterRoleBindings(ctx context.Context, c *cluster) ([]rbac.ClusterRoleBinding, error) {
	return list(ctx, c.reader, c.typed.RbacV1().ClusterRoleBindings().List, metav1.ListOptions{}, bootstrapRoles[rbac.ClusterRoleBinding]())
}

// bootstrapNamespaces are those in which the hook rbac/bootstrap-roles writes.
var bootstrapNamespaces = [...]string{metav1.NamespacePublic, metav1.NamespaceSystem}

func roles(ctx context.Context, c *cluster) ([]rbac.Role, error) {
	return each(bootstrapNamespaces[:], func(namespace string) ([]rbac.Role, error) {
		return list(ctx, c.reader, c.typed.RbacV1().Roles(namespace).List, metav1.ListOptions{}, bootstrapRoles[rbac.Role]())
	})
}

func roleBindings(ctx context.Context, c *cluster) ([]rbac.RoleBinding, error) {
	return each(bootstrapNamespaces[:], func(namespace string) ([]rbac.RoleBinding, error) {
		return list(ctx, c.reader, c.typed.RbacV1().RoleBindings(namespace).List, metav1.ListOptions{}, bootstrapRoles[rbac.RoleBinding]())
	})
}

func priorityClasses(ctx context.Context, c *cluster) ([]string, error) {
	return list(ctx, c.reader, c.typed.SchedulingV1().PriorityClasses().List, metav1.ListOptions{}, func(p *scheduling.PriorityClass) (string, bool) {
		return p.Name, true
	})
}

func flowSchemas(ctx context.Context, c *cluster) ([]flowcontrol.FlowSchema, error) {
	project := whole[flowcontrol.FlowSchema](flowcontrol.AutoUpdateAnnotationKey)
	return list(ctx, c.reader, c.typed.FlowcontrolV1().FlowSchemas().List, metav1.ListOptions{}, func(s *flowcontrol.FlowSchema) (flowcontrol.FlowSchema, bool) {
		for i := range s.Status.Conditions {
			s.Status.Conditions[i].LastTransitionTime.Time = s.Status.Conditions[i].LastTransitionTime.UTC()
		}
		return project(s)
	})
}

func priorityLevels(ctx context.Context, c *cluster) ([]flowcontrol.PriorityLevelConfiguration, error) {
	project := whole[flowcontrol.PriorityLevelConfiguration](flowcontrol.AutoUpdateAnnotationKey)
	return list(ctx, c.reader, c.typed.FlowcontrolV1().PriorityLevelConfigurations().List, metav1.ListOptions{}, func(p *flowcontrol.PriorityLevelConfiguration) (flowcontrol.PriorityLevelConfiguration, bool) {
		p.Status = flowcontrol.PriorityLevelConfigurationStatus{}
		return project(p)
	})
}

func serviceCIDRs(ctx context.Context, c *cluster) ([]networking.ServiceCIDR, error) {
	project := whole[networking.ServiceCIDR]()
	return listKind(ctx, c, schema.GroupResource{Group: networking.GroupName, Resource: "servicecidrs"}, c.typed.NetworkingV1().ServiceCIDRs().List, func(s *networking.ServiceCIDR) (networking.ServiceCIDR, bool) {
		utc(s.Status.Conditions)
		return project(s)
	})
}

// allocator marks the IPAddresses that an API server made for a Service
// (ipallocator.ControllerName in k8s.io/kubernetes pkg/registry/core/service/ipallocator).
const allocator = "ipallocator.k8s.io"

func ipAddresses(ctx context.Context, c *cluster) ([]facts.IPAddress, error) {
	return listKind(ctx, c, schema.GroupResource{Group: networking.GroupName, Resource: "ipaddresses"}, c.typed.NetworkingV1().IPAddresses().List, func(a *networking.IPAddress) (facts.IPAddress, bool) {
		out := facts.IPAddress{Name: a.Name, Managed: a.Labels[networking.LabelManagedBy] == allocator}
		if p := a.Spec.ParentRef; p != nil {
			out.Parent = p.Resource + "/" + p.Namespace + "/" + p.Name
		}
		return out, true
	})
}

func systemConfigMaps(ctx context.Context, c *cluster) ([]facts.ConfigMap, error) {
	names := []string{"extension-apiserver-authentication", "kube-apiserver-legacy-service-account-token-tracking"}
	return each(names, func(name string) ([]facts.ConfigMap, error) {
		m, err := get(ctx, c.reader, name, c.typed.CoreV1().ConfigMaps(metav1.NamespaceSystem).Get)
		if m == nil || err != nil {
			return nil, err
		}
		return []facts.ConfigMap{{Name: m.Name, Data: m.Data, Labels: some(m.Labels), Annotations: annotations(m)}}, nil
	})
}
