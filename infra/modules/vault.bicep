@description('Name of the Key Vault.')
param name string

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Principal of the app: reads the secrets.')
param principalId string

@description('Principal of the operator: reads and writes the secrets. Empty: none.')
param operatorPrincipalId string

@description('Workspace for the audit events.')
param workspaceId string

@description('Closes the vault to the public: only private endpoints and Azure Resource Manager reach it.')
param isPrivate bool

@secure()
@description('LiveChat API key.')
param liveChatApiKey string

@secure()
@description('Password of the webhooks.')
param webhookPassword string

@secure()
@description('The former password while the password is changed; otherwise empty.')
param webhookPasswordPrevious string

@secure()
@description('URL that is called when a check changes its state; empty: none.')
param operatorWebhookUrl string

var changingPassword = !empty(webhookPasswordPrevious)
var tellsOperator = !empty(operatorWebhookUrl)

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 7
    enablePurgeProtection: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: {
      defaultAction: isPrivate ? 'Deny' : 'Allow'
      // Azure Resource Manager is a trusted service, so this template can write the secrets.
      bypass: 'AzureServices'
    }
  }
}

resource apiKey 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = {
  parent: vault
  name: 'livechat-api-key'
  properties: {
    value: liveChatApiKey
  }
}

resource password 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = {
  parent: vault
  name: 'livechat-webhook-password'
  properties: {
    value: webhookPassword
  }
}

resource passwordPrevious 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = if (changingPassword) {
  parent: vault
  name: 'livechat-webhook-password-previous'
  properties: {
    value: webhookPasswordPrevious
  }
}

resource operatorWebhook 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = if (tellsOperator) {
  parent: vault
  name: 'operator-webhook-url'
  properties: {
    value: operatorWebhookUrl
  }
}

// Key Vault Secrets User: may only read values.
var secretsUser = '4633458b-17de-408a-b874-0445c86b69e6'

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, principalId, secretsUser)
  scope: vault
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUser)
  }
}

// Key Vault Secrets Officer: may read and write values. azd does not show the generated webhook password, so the operator
// reads it here.
var secretsOfficer = 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'

resource operatorAssignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorPrincipalId)) {
  name: guid(vault.id, operatorPrincipalId, secretsOfficer)
  scope: vault
  properties: {
    principalId: operatorPrincipalId
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsOfficer)
  }
}

resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'AuditEvent'
        enabled: true
      }
    ]
  }
}

output id string = vault.id
output name string = vault.name

// The references name a version. Azure updates a reference without a version up to a day late, so the app would still
// use the old key after a deployment.
@description('App settings that refer to the secrets.')
output settings object = union(
  {
    LIVECHAT_API_KEY: '@Microsoft.KeyVault(SecretUri=${apiKey.properties.secretUriWithVersion})'
    LIVECHAT_WEBHOOK_PASSWORD: '@Microsoft.KeyVault(SecretUri=${password.properties.secretUriWithVersion})'
  },
  changingPassword
    ? {
        LIVECHAT_WEBHOOK_PASSWORD_PREVIOUS: '@Microsoft.KeyVault(SecretUri=${passwordPrevious!.properties.secretUriWithVersion})'
      }
    : {},
  tellsOperator
    ? {
        OPERATOR_WEBHOOK_URL: '@Microsoft.KeyVault(SecretUri=${operatorWebhook!.properties.secretUriWithVersion})'
      }
    : {}
)
