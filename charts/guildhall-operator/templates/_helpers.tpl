{{/* Names and labels that the objects have in common. */}}

{{- define "guildhall-operator.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- define "guildhall-operator.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (include "guildhall-operator.fullname" .) }}
{{- end -}}

{{/* The policies of ChatClusters know the operator's pods by app.kubernetes.io/name. */}}
{{- define "guildhall-operator.selector" -}}
app.kubernetes.io/name: guildhall-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "guildhall-operator.labels" -}}
{{ include "guildhall-operator.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "guildhall-operator.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}
