{#
    What is weighed line by line, with the source of its lines: each relation says of every line whether it counts
    (`poids`) and why not (`motif`); those of the first list also say of which collectivité it is.
#}
{% set par_collectivite = {
    'int_applications__comptes': "code_application || '/comptes'",
    'int_applications__sessions': "'journal_formations/sessions'",
    'int_applications__interventions': "'journal_assistance/interventions'",
    'int_applications__traitements': "'journal_elections/traitements'",
    'int_rh__bulletins': "systeme || '/bulletins'",
    'int_finances__factures': "'multifact/factures'",
    'int_assistance__tickets': "'glpi/tickets'",
    'int_infrastructure__comptes_messagerie': "'zimbra/comptes'",
    'int_infrastructure__boites': "'zimbra/quotas'",
    'int_infrastructure__autorisations': "'citrix/autorisations'",
    'int_infrastructure__travaux_edition': "'editique/travaux'",
    'int_infrastructure__volumes_stockes': "'stockage/volumes'",
    'int_infrastructure__usages_teams': "'teams/usages'",
    'int_gouvernance__mandats': "'comite/membres'",
} %}
{# What could not be read or placed: the figures lack it, whereas what is left out for another reason is no part of them #}
{% set illisibles = [
    'application inconnue', 'statut non reconnu', 'sexe non reconnu', 'contrat non reconnu', 'cadre d’emplois non reconnu',
    'agent absent de l’état du personnel', 'contrat absent de la déclaration', 'unité qui n’est pas une durée',
    'début inconnu', 'compte inconnu',
] %}
{% set autres = {
    'int_rh__agents': "systeme || '/agents'",
    'int_rh__heures': "case systeme when 'dsn' then 'dsn/activites' else systeme || '/heures' end",
    'int_rh__declarations_dsn': "'dsn/declarations'",
    'int_finances__ecritures': "'ciril_finances/' || nature_piece || 's'",
    'int_infrastructure__sessions_distantes': "'citrix/evenements'",
    'int_infrastructure__liens': "'reseau/liens'",
    'int_infrastructure__sauvegardes': "'sauvegardes/travaux'",
    'int_gouvernance__seances': "'comite/seances'",
    'int_gouvernance__deliberations': "'comite/deliberations'",
    'int_rgpd__fiches': "'rgpd/traitements_' || registre",
    'int_rgpd__sous_traitants': "'rgpd/sous_traitants'",
    'int_rgpd__dossiers': "'rgpd/' || nature || 's'",
    'int_rgpd__actions': "'rgpd/actions'",
    'int_projets__projets': "'projets/projets'",
    'int_projets__faits_marquants': "'projets/faits_marquants'",
} %}

with lignes as (
    {%- for relation, source in (par_collectivite.items() | list) + (autres.items() | list) %}
    {{ 'union all' if not loop.first }}
    select
        {{ source }} as source,
        exercice,
        {{ 'code_collectivite' if relation in par_collectivite else 'cast(null as string)' }} as code_collectivite,
        poids,
        motif
    from {{ ref(relation) }}
    {%- endfor %}
    union all
    -- only the accounts of the year enter figures
    select 'budget/lignes' as source, exercice, null as code_collectivite, 0 as poids, 'compte inconnu' as motif
    from {{ ref('int_finances__lignes_budgetaires') }}
    where poids = 1 and est_compte_administratif and est_compte_inconnu
),

signalees as (
    select source, exercice, motif, false as est_comptee
    from lignes
    -- a line that closes a session is no line left out
    where poids = 0 and motif <> 'fermeture d’une session comptée'
    union all
    -- counted, but in no collectivité: a spelling to add to the organisation
    select source, exercice, 'collectivité inconnue' as motif, true as est_comptee
    from lignes
    where poids = 1 and code_collectivite = 'inconnue'
)

select
    cast(source as string) as source,
    cast(exercice as integer) as exercice,
    cast(motif as string) as motif,
    cast(est_comptee as boolean) as est_comptee,
    cast(motif in ('{{ illisibles | join("', '") }}') as boolean) as est_illisible,
    cast(count(*) as bigint) as nb_lignes
from signalees
group by source, exercice, motif, est_comptee
