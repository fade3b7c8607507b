-- Every accepted social declaration, with its weight: of those for one establishment, month, nature and fraction the
-- last one sent counts (a type 03 or 05 replaces earlier ones), unless it cancels (04). A payroll office may declare
-- for others: their employees are not ours.
with declarations as (
    select
        *,
        siren || nic as siret,
        {{ document_id('numero_declaration') }} as declaration_id
    from {{ source('lake', 'dsn__declarations') }}
),

rangs as (
    select
        *,
        row_number() over envois as rang,
        first_value(code_type_declaration) over envois as type_du_dernier_envoi
    from declarations
    where not est_test
    window envois as (
        partition by siret, mois, code_nature_declaration, fraction
        order by numero_ordre desc nulls last, date_fichier desc nulls last, _fichier desc nulls last, declaration_id desc nulls last
    )
),

qualifies as (
    select
        declarations.*,
        {{ motif({
            'déclaration d’un autre employeur': 'declarations.siren <> profil.siren',
            'envoi d’essai': 'declarations.est_test',
            'signalement, hors paie mensuelle': "declarations.code_nature_declaration <> '01'",
            'annulation': "declarations.code_type_declaration = '04'",
            'déclaration annulée': "rangs.rang > 1 and rangs.type_du_dernier_envoi = '04'",
            'déclaration remplacée par une plus récente': 'rangs.rang > 1',
        }) }} as motif_exclusion
    from declarations
    cross join {{ source('organisation', 'profil') }} as profil
    left join rangs on declarations.declaration_id = rangs.declaration_id
)

select
    declaration_id,
    exercice,
    mois,
    siret,
    fraction as code_fraction,
    code_nature_declaration,
    code_type_declaration,
    numero_ordre,
    date_fichier,
    nb_individus,
    cast(montant_brut_eur as decimal(18, 2)) as montant_brut_eur,
    case when motif_exclusion is null then 1 else 0 end as poids,
    coalesce(motif_exclusion, 'compté') as motif,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from qualifies
