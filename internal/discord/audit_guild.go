package discord

// Audit-log events of moderation and of what a guild has besides channels and roles.
const (
	AuditMemberPrune          AuditAction = 21
	AuditMemberBanAdd         AuditAction = 22
	AuditMemberBanRemove      AuditAction = 23
	AuditInviteUpdate         AuditAction = 41
	AuditIntegrationDelete    AuditAction = 82
	AuditScheduledEventCreate AuditAction = 100
	AuditScheduledEventUpdate AuditAction = 101
	AuditScheduledEventDelete AuditAction = 102
	AuditPromptCreate         AuditAction = 163
	AuditPromptUpdate         AuditAction = 164
	AuditPromptDelete         AuditAction = 165
	AuditOnboardingCreate     AuditAction = 166
	AuditOnboardingUpdate     AuditAction = 167
	AuditHomeCreate           AuditAction = 190
	AuditHomeUpdate           AuditAction = 191
	AuditExceptionCreate      AuditAction = 200
	AuditExceptionUpdate      AuditAction = 201
	AuditExceptionDelete      AuditAction = 202
)
